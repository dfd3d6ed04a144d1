"""The transport through Daily's rooms, over the page's daily-js."""
