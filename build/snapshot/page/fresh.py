# Runs in a page whose Python was restored from a snapshot: gives it what each page has of its own.
# The parameters are what the page knows; see restore.mjs.


def refresh(timezone, altzone, daylight, names, language, user_agent, arrive):
    import _locale
    import os
    import sys
    import time

    time.timezone = timezone
    time.altzone = altzone
    time.daylight = daylight
    time.tzname = tuple(names)
    os.environ["LANG"] = language
    _locale.setlocale(_locale.LC_CTYPE, "")
    info = sys._emscripten_info
    sys._emscripten_info = type(info)((info.emscripten_version, user_agent, *info[2:]))
    sys.modules["random"].seed()
    sys.modules["logging"]._startTime = time.time_ns()
    if arrive:
        sys.modules["rtvi_web.core.late_files"].expect(arrive)
    else:  # The page has not asked for rtvi_web.
        for name in [name for name in sys.modules if name.partition(".")[0] == "rtvi_web"]:
            del sys.modules[name]
        del os.environ["PYDANTIC_DISABLE_PLUGINS"]  # its import sets it


refresh
