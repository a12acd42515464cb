"""A backup of the whole site in one file, and its restoration.

The file is a tar archive: the logos, `database.dump` (pg_dump's custom format), and `manifest.json` at its end, which
has the checksums of all others, the migrations, and the number of rows of each table. An archive that was cut off has
none. Nothing is held in memory as a whole, neither when it is written nor when it is read.
"""
