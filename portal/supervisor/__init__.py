"""One command that runs everything: engines, sandbox platform, web, worker and beat.

The supervisor itself stays small. It uses no Django, so that the processes that do may start at
once, and it starts them from the main thread, to which their lives are tied.
"""
