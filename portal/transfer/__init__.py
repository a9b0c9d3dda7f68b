"""One organization in a file, and out of it in another installation: `export` and `import`.

An archive is one zip file, taken at one moment of the database: the rows of every table that
belongs to an organization, each table as PostgreSQL's own COPY writes it, the uploaded files, and a
manifest. People are named by e-mail address, since every installation numbers its own.

The organization's data keys are in it under a passphrase; what they sealed is in it as it lies in
the database. `--without-secrets` leaves out both.
"""
