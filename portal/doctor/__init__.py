"""`manage.py doctor`: what is wrong with this installation, what that means, and what to do.

It asks and writes nothing, says what it could not ask, and ends in seconds whatever hangs. Nothing
here is imported before the settings but what needs none: they may be what is wrong.

- `findings`: what a check answers, and what is told of it.
- `checks`: one module for each subject, one function for each thing that can be wrong.
- `register`: all checks, and what each needs.
- `running`: asks them at the same time, each for so long.
- `asking`: how the database is asked, with which rights and limits.
- `printing`, `redaction`: text and JSON, and that no secret gets into them.
"""
