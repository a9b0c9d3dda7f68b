"""Backups of a living installation, and its return from one: `manage.py backup` and `restore`.

A backup is one zip file, taken at one moment of the database: pg_dump's archive, the uploaded
files that the database knew then, and a manifest that says what it takes to restore them. The
encryption keys are not in it.
"""
