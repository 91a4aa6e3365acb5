"""Answers questions about tables with DuckDB's iceberg extension: a JSON object on stdin, one on stdout."""
import glob
import json
import sys

import duckdb

con = duckdb.connect()
for name in ("avro", "httpfs", "iceberg"):
    pattern = f"{sys.prefix}/lib/python3*/site-packages/**/{name}.duckdb_extension"
    con.execute(f"LOAD '{glob.glob(pattern, recursive=True)[0]}'")
con.execute("SET TimeZone = 'UTC'")


def condition(column, operator, value):
    if isinstance(value, dict):
        return f"{column} {operator} {value['decimal']}::DECIMAL(38,18)"
    return f"{column} {operator} '{value}'"


def source(asked, snapshot):
    if asked["via"] == "rest":
        travel = "" if snapshot is None else f" AT (VERSION => {snapshot})"
        return f"cf.{asked['table']}{travel}"
    path = f"{asked['warehouse']}/{asked['table'].replace('.', '/')}"
    travel = "" if snapshot is None else f", snapshot_from_id => {snapshot}"
    return f"iceberg_scan('{path}'{travel})"


def read(asked, question):
    sums = "".join(f", coalesce(sum({name}), 0)" for name in question["sums"])
    where = " AND ".join(condition(*each) for each in question["where"]) or "true"
    rows, *found = con.execute(
        f"SELECT count(*){sums} FROM {source(asked, question.get('snapshot'))} WHERE {where}"
    ).fetchone()
    return {"rows": rows, "sums": {name: f"{value:f}" for name, value in zip(question["sums"], found)}}


asked = json.load(sys.stdin)
if asked["via"] == "rest":
    con.execute(f"ATTACH 'w' AS cf (TYPE iceberg, ENDPOINT '{asked['rest']}', AUTHORIZATION_TYPE 'none')")
answers = [read(asked, question) for question in asked["questions"]]
path = f"{asked['warehouse']}/{asked['table'].replace('.', '/')}"
snapshots = con.execute(f"SELECT snapshot_id::VARCHAR FROM iceberg_snapshots('{path}')").fetchall()
files = con.execute(
    f"SELECT file_path, record_count FROM iceberg_metadata('{path}') WHERE status <> 'DELETED'"
).fetchall()
json.dump({"answers": answers, "snapshots": [row[0] for row in snapshots], "files": files}, sys.stdout)
