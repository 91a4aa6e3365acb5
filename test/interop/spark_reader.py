"""Answers questions about tables with Spark and Iceberg's own Java code: a JSON object on stdin, one on stdout."""
import glob
import json
import os
import sys

from pyspark.sql import SparkSession

asked = json.load(sys.stdin)
jars = ",".join(glob.glob(f"{os.path.dirname(sys.prefix)}/spark-jars/*.jar"))
builder = (
    SparkSession.builder.master("local[1]")
    .config("spark.jars", jars)
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.memory", "1g")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
)
# Under the catalog's own name, which is part of every row of the SQLite file.
name = asked["catalog"]
catalog = f"spark.sql.catalog.{name}"
builder = builder.config(catalog, "org.apache.iceberg.spark.SparkCatalog").config(f"{catalog}.cache-enabled", "false")
if asked["via"] == "rest":
    builder = builder.config(f"{catalog}.type", "rest").config(f"{catalog}.uri", asked["rest"])
else:
    builder = (
        builder.config(f"{catalog}.type", "jdbc")
        .config(f"{catalog}.uri", f"jdbc:sqlite:{asked['warehouse']}/catalog.db")
        .config(f"{catalog}.jdbc.schema-version", "V1")
        .config(f"{catalog}.warehouse", f"file://{asked['warehouse']}")
    )
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
table = f"{name}.{asked['table']}"


def condition(column, operator, value):
    if isinstance(value, dict):
        return f"{column} {operator} CAST('{value['decimal']}' AS DECIMAL(38,18))"
    if column.endswith("_ts"):
        return f"{column} {operator} TIMESTAMP '{value}'"
    return f"{column} {operator} '{value}'"


def read(question):
    # Spark keeps 38 digits of a sum of decimals by rounding its scale away, unless it is given fewer to begin with.
    sums = "".join(f", sum(CAST({each} AS DECIMAL(28,18)))" for each in question["sums"])
    where = " AND ".join(condition(*each) for each in question["where"]) or "true"
    snapshot = question.get("snapshot")
    travel = "" if snapshot is None else f" VERSION AS OF {snapshot}"
    rows, *found = spark.sql(f"SELECT count(*){sums} FROM {table}{travel} WHERE {where}").collect()[0]
    return {"rows": rows, "sums": {each: f"{value or 0:f}" for each, value in zip(question["sums"], found)}}


def rows_of(kind, columns):
    return [list(row) for row in spark.sql(f"SELECT {columns} FROM {table}.{kind}").collect()]


def metadata():
    time = "CAST(unix_millis({}) AS LONG)"
    snapshots = f"string(snapshot_id), coalesce(string(parent_id), 'None'), operation, {time.format('committed_at')}"
    return {
        "snapshots": rows_of("snapshots", snapshots),
        "history": rows_of(
            "history", f"string(snapshot_id), is_current_ancestor, {time.format('made_current_at')}"
        ),
        "manifests": rows_of("manifests", "path, length, added_data_files_count, existing_data_files_count"),
        "files": rows_of("files", "file_path, record_count, file_size_in_bytes"),
        "partitions": rows_of("partitions", "record_count, file_count, total_data_file_size_in_bytes"),
    }


def rewrite():
    options = "map('min-input-files', '2', 'rewrite-all', 'true')"
    done = spark.sql(
        f"CALL {name}.system.rewrite_data_files(table => '{table}', options => {options})"
    ).collect()[0]
    spark.sql(
        f"CALL {name}.system.expire_snapshots(table => '{table}', "
        f"older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)"
    )
    return {"rewritten": done["rewritten_data_files_count"]}


if asked["do"] == "read":
    answer = {"answers": [read(question) for question in asked["questions"]], **metadata()}
elif asked["do"] == "append":
    spark.sql(f"INSERT INTO {table} SELECT * FROM {table} LIMIT {asked['rows']}")
    answer = {}
elif asked["do"] == "rewrite":
    answer = rewrite()
json.dump(answer, sys.stdout)
spark.stop()
