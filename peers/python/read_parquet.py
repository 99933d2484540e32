"""Reads a Parquet file with DuckDB: prints its columns with their types, and its rows, as one line of JSON."""

import json
import sys

import duckdb

file = sys.argv[1].replace("'", "''")
columns = duckdb.sql(f"SELECT * FROM read_parquet('{file}')")
# A moment as a number: texts of moments would need a table of time zones.
rows = duckdb.sql(f"SELECT * REPLACE (epoch_us(time) AS time) FROM read_parquet('{file}') ORDER BY index").fetchall()
types = dict(zip(columns.columns, [str(t) for t in columns.types]))
print(json.dumps({"columns": types, "rows": [[str(cell) for cell in row] for row in rows]}))
