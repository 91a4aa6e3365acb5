"""Answers questions about tables with PyIceberg: a JSON object on stdin, a JSON object on stdout."""
import json
import logging
import sys
import warnings
from decimal import Decimal

import pyarrow.compute as pc
from pyarrow import ArrowTypeError
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import AlwaysTrue, And, EqualTo, GreaterThanOrEqual, LessThan
from pyiceberg.types import LongType

logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

OPERATORS = {"=": EqualTo, ">=": GreaterThanOrEqual, "<": LessThan}
# Commits of a collector come several a second here.
ATTEMPTS_MAX = 50
TICK = Decimal(1).scaleb(-18)


def catalog_of(asked):
    if asked["via"] == "rest":
        return load_catalog(asked["catalog"], type="rest", uri=asked["rest"])
    uri = f"sqlite:///{asked['warehouse']}/catalog.db"
    return load_catalog(asked["catalog"], type="sql", uri=uri, warehouse=f"file://{asked['warehouse']}")


def expression_of(conditions):
    expression = AlwaysTrue()
    for column, operator, value in conditions:
        literal = Decimal(value["decimal"]).quantize(TICK) if isinstance(value, dict) else value
        expression = And(expression, OPERATORS[operator](column, literal))
    return expression


def read(table, question):
    snapshot = question.get("snapshot")
    scan = table.scan(
        row_filter=expression_of(question["where"]),
        snapshot_id=None if snapshot is None else int(snapshot),
    )
    # As batches, which are cast to the table's schema; what to_arrow() makes of mixed files is asked below.
    arrow = scan.to_arrow_batch_reader().read_all()
    sums = {name: f"{pc.sum(arrow[name]).as_py() or Decimal(0):f}" for name in question["sums"]}
    return {"rows": arrow.num_rows, "sums": sums, "planned": len(list(scan.plan_files()))}


def milliseconds(time):
    return round(time.timestamp() * 1000)


def metadata(table):
    inspect = table.inspect
    return {
        "snapshots": [
            [str(row["snapshot_id"]), str(row["parent_id"]), row["operation"], milliseconds(row["committed_at"])]
            for row in inspect.snapshots().to_pylist()
        ],
        "history": [
            [str(row["snapshot_id"]), row["is_current_ancestor"], milliseconds(row["made_current_at"])]
            for row in inspect.history().to_pylist()
        ],
        "manifests": [
            [row["path"], row["length"], row["added_data_files_count"], row["existing_data_files_count"]]
            for row in inspect.manifests().to_pylist()
        ],
        "files": [
            [row["file_path"], row["record_count"], row["file_size_in_bytes"]] for row in inspect.files().to_pylist()
        ],
        "partitions": [
            [row["record_count"], row["file_count"], row["total_data_file_size_in_bytes"]]
            for row in inspect.partitions().to_pylist()
        ],
    }


def write_parquet(asked):
    """Writes rows as Parquet files with Iceberg's field ids, as any writer of data files would."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "long": pa.int64(),
        "int": pa.int32(),
        "string": pa.string(),
        "timestamptz": pa.timestamp("us", tz="UTC"),
        "decimal(38,18)": pa.decimal128(38, 18),
    }
    for file in asked["files"]:
        arrays, fields = [], []
        for column in file["columns"]:
            kind = column["type"]
            values = [
                None if value is None else Decimal(value) if kind.startswith("decimal")
                else int(value) if kind in ("long", "int", "timestamptz") else value
                for value in column["values"]
            ]
            metadata = {"PARQUET:field_id": str(column["id"])}
            fields.append(pa.field(column["name"], types[kind], nullable=not column["required"], metadata=metadata))
            arrays.append(pa.array(values, type=types[kind]))
        pq.write_table(pa.table(arrays, schema=pa.schema(fields)), file["path"])


def main():
    asked = json.load(sys.stdin)
    if asked["do"] == "write":
        return write_parquet(asked)
    catalog = catalog_of(asked)
    table = catalog.load_table(asked["table"])
    if asked["do"] == "read":
        return {"answers": [read(table, question) for question in asked["questions"]], **metadata(table)}
    if asked["do"] == "ask":
        return {"answer": read(table, asked["question"])}
    if asked["do"] == "count":
        scan = table.scan()
        return {"files": len(list(scan.plan_files())), "rows": scan.count()}
    if asked["do"] == "join":
        try:
            return {"rows": table.scan().to_arrow().num_rows}
        except ArrowTypeError as error:
            return {"error": str(error)}
    if asked["do"] == "append":
        # Its own rows again: what is appended need not be new, only somebody else's.
        rows = table.scan(limit=asked["rows"]).to_arrow_batch_reader().read_all().slice(0, asked["rows"])
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                catalog.load_table(asked["table"]).append(rows)
                return {"attempts": attempt}
            except CommitFailedException:
                if attempt == ATTEMPTS_MAX:
                    raise
    if asked["do"] == "expire":
        keep = {table.current_snapshot().snapshot_id}
        for snapshot in table.snapshots():
            if snapshot.snapshot_id not in keep:
                table.maintenance.expire_snapshots().by_id(snapshot.snapshot_id).commit()
                table = catalog.load_table(asked["table"])
        return {"snapshots": len(table.snapshots())}
    if asked["do"] == "evolve":
        with table.update_schema() as update:
            update.add_column(asked["column"], LongType())
        return {}
    raise ValueError(asked["do"])


json.dump(main() or {}, sys.stdout)
