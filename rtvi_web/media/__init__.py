"""The devices and the sound of a page, for both clients: microphone, camera, screen, speaker, levels and streams."""
