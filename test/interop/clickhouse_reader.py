"""Answers questions about tables with ClickHouse in this process: a JSON object on stdin, one on stdout."""
import json
import os
import sys

import chdb

asked = json.load(sys.stdin)
# ClickHouse opens files below its working directory only.
os.chdir("/")


def condition(column, operator, value):
    if isinstance(value, dict):
        return f"{column} {operator} toDecimal128('{value['decimal']}', 18)"
    if column.endswith("_ts"):
        return f"{column} {operator} parseDateTime64BestEffort('{value}', 6, 'UTC')"
    return f"{column} {operator} '{value}'"


def read(question):
    path = f"{asked['warehouse']}/{asked['table'].replace('.', '/')}"
    sums = "".join(f", toString(sum({name}))" for name in question["sums"])
    where = " AND ".join(condition(*each) for each in question["where"]) or "1"
    snapshot = question.get("snapshot")
    settings = "" if snapshot is None else f" SETTINGS iceberg_snapshot_id = {snapshot}"
    sql = f"SELECT count(){sums} FROM icebergLocal('{path}') WHERE {where}{settings}"
    rows, *found = json.loads(str(chdb.query(sql, "JSONCompact")))["data"][0]
    return {"rows": int(rows), "sums": dict(zip(question["sums"], found))}


json.dump({"answers": [read(question) for question in asked["questions"]]}, sys.stdout)
