"""
Encrypts and decrypts on a cluster of Spark that this program starts on loopback, and stops:

    python examples/cluster/spark.py [--rows 20000] [--kill] [--memory 512m] [--speculation]

It needs `pip install -r python/requirements.txt` and a Java 17. With --kill an executor is
killed with -9 while it works. It compares the hash of the sorted lines before and after,
checks that nulls stay nulls, and that a wrong key is an error. It ends with 0 if all holds.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import RDD, TaskContext
from pyspark.errors import PySparkException
from pyspark.sql import Row, SparkSession
from spark_standalone import JAVA_OPTIONS, Standalone

SOURCES = Path(__file__).parents[2] / "python" / "src"
sys.path.insert(0, str(SOURCES))

from ironfern_spark import (
    SecretFile,
    SecretVariable,
    decrypt_column,
    decrypt_lines,
    encrypt_column,
    encrypt_lines,
    generate_key,
    register_functions,
)

#: Each worker has the key in its own environment; it is in no job and in no setting.
VARIABLE = "IRONFERN_EXAMPLE_KEY"
PARTITIONS = 8


def main() -> None:
    """Runs all of it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = read_options()
    key = generate_key()
    environment = {
        VARIABLE: key,
        "PYTHONPATH": str(SOURCES),
        "PYSPARK_PYTHON": sys.executable,
    }
    with Standalone(2, options.seconds, environment) as cluster:
        print(f"Everything is in {cluster.folder}", flush=True)
        spark = session(cluster, options)
        try:
            check_limit(spark, options.memory)
            plain = write_lines(cluster.folder / "plain", options.rows)
            check_lines(spark, cluster.folder, plain, options.kill)
            check_column(spark, cluster.folder, options.rows, key)
            check_wrong_key(spark, cluster.folder)
        finally:
            spark.stop()
    print("All holds")


def read_options() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--memory", help="spark.executor.pyspark.memory, as 512m")
    parser.add_argument("--speculation", action="store_true")
    parser.add_argument("--seconds", type=int, default=300)
    return parser.parse_args()


def session(cluster: Standalone, options: argparse.Namespace) -> SparkSession:
    """A session on the cluster."""
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": JAVA_OPTIONS,
        "spark.executor.extraJavaOptions": JAVA_OPTIONS,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.executor.memory": "512m",
        "spark.executor.cores": "1",
        "spark.cores.max": "2",
        "spark.task.maxFailures": "2",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "5000",
        "spark.executorEnv.PYTHONPATH": str(SOURCES),
        "spark.local.dir": str(cluster.folder / "local"),
        "spark.sql.warehouse.dir": str(cluster.folder / "warehouse"),
    }
    if options.memory:
        settings["spark.executor.pyspark.memory"] = options.memory
    if options.speculation:
        settings |= {
            "spark.speculation": "true",
            "spark.speculation.interval": "100ms",
            "spark.speculation.multiplier": "1.2",
            "spark.speculation.quantile": "0.5",
            "spark.speculation.minTaskRuntime": "100ms",
        }
    builder = SparkSession.builder.master(cluster.master).appName("ironfern")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def check_limit(spark: SparkSession, memory: str | None) -> None:
    """The workers have that limit of addresses, or none."""
    limits = spark.sparkContext.parallelize([0], 1).map(lambda _: address_limit()).collect()
    megabytes = None if memory is None else int(memory.removesuffix("m"))
    if limits != [megabytes]:
        raise SystemExit(f"The limit of the workers is {limits}, not {megabytes}")


def address_limit() -> int | None:
    """The limit of this process, in MiB."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit >> 20


def write_lines(path: Path, rows: int) -> Path:
    """Lines of a table, some of them empty."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            text = f'{{"id":{number},"name":"Zoë {number * 7919}","card":"{number:016d}"}}'
            file.write(("" if number % 1_000 == 3 else text) + "\n")
    return path


def lines_hash(paths: Iterable[Path]) -> tuple[int, str]:
    """How many lines there are, and a hash of them in order."""
    lines = sorted(line for path in paths for line in path.read_bytes().splitlines())
    return len(lines), hashlib.sha256(b"\n".join(lines)).hexdigest()


def check_lines(spark: SparkSession, folder: Path, plain: Path, kill: bool) -> None:
    """Lines through an RDD, with an executor killed on the way if that is asked for."""
    context = spark.sparkContext
    key = SecretVariable(VARIABLE)
    started = time.monotonic()
    lines: RDD[str] = context.textFile(str(plain), PARTITIONS)
    marker = folder / "executor"
    if kill:
        lines = lines.mapPartitionsWithIndex(Slow(str(marker)))
        threading.Thread(target=kill_executor, args=(marker,), daemon=True).start()
    encrypt_lines(lines, key).saveAsTextFile(str(folder / "encrypted"))
    if kill and not marker.with_suffix(".killed").exists():
        raise SystemExit("No executor was killed")
    tokens = context.textFile(str(folder / "encrypted"))
    decrypt_lines(tokens, key).saveAsTextFile(str(folder / "decrypted"))
    before, after = (
        lines_hash([plain]),
        lines_hash((folder / "decrypted").glob("part-*")),
    )
    print(f"Lines: {after[0]}, {after[1][:16]}, {time.monotonic() - started:.1f} s")
    if before != after:
        raise SystemExit(f"The lines differ: {before} and {after}")
    sample = next((folder / "encrypted").glob("part-*")).read_bytes()
    if not sample.startswith(b"gAAAAA") or b"card" in sample:
        raise SystemExit("The lines are not encrypted")


class Slow:
    """Holds one task up for as long as it takes to kill its executor."""

    def __init__(self, marker: str) -> None:
        self._marker = marker

    def __call__(self, partition: int, lines: Iterator[str]) -> Iterator[str]:
        context = TaskContext.get()
        first = context is not None and context.attemptNumber() == 0
        for index, line in enumerate(lines):
            yield line
            if partition == 1 and first and index == 1_000 and not os.path.exists(self._marker):
                write_whole(self._marker, str(parent_of(os.getppid())))
                time.sleep(20)


def write_whole(path: str, text: str) -> None:
    """Writes a file that appears with all of its content."""
    with open(f"{path}.tmp", "w") as file:
        file.write(text)
    os.replace(f"{path}.tmp", path)


def parent_of(process: int) -> int:
    """The parent of a process: that of Spark's Python daemon is the executor."""
    stat = Path(f"/proc/{process}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def kill_executor(marker: Path) -> None:
    """Kills the executor whose number a task writes."""
    while not marker.exists():
        time.sleep(0.05)
    executor = int(marker.read_text())
    os.kill(executor, signal.SIGKILL)
    print(f"Killed the executor {executor}")
    marker.with_suffix(".killed").touch()


def check_column(spark: SparkSession, folder: Path, rows: int, key: str) -> None:
    """A column with nulls, through files and through SQL."""
    started = time.monotonic()
    secret = folder / "key"
    secret.touch(mode=0o600)
    secret.write_text(f"{key}\n")
    source = SecretFile(secret)
    table = spark.range(rows).selectExpr(
        "id", "if(id % 5 = 0, null, concat('card ', id, ' ✓')) as card"
    )
    tokens = str(folder / "tokens")
    table.withColumn("card", encrypt_column("card", source)).write.parquet(tokens)
    stored = spark.read.parquet(tokens)
    register_functions(spark, source)
    stored.createOrReplaceTempView("stored")
    back = spark.sql("select id, ironfern_decrypt(card) as card from stored").collect()
    nulls = sum(row.card is None for row in back)
    in_clear = stored.where("card like 'card%'").count()
    print(f"Column: {len(back)} rows, {nulls} nulls, {time.monotonic() - started:.1f} s")
    expected = [(n, None if n % 5 == 0 else f"card {n} ✓") for n in range(rows)]
    if sorted(map(tuple, back)) != expected or in_clear:
        raise SystemExit(f"The columns differ, and {in_clear} values are in clear")
    damaged = spark.createDataFrame([Row(card="no token"), Row(card=None)])
    opened = damaged.select(decrypt_column("card", source, bad_tokens="null").alias("card"))
    if [row.card for row in opened.collect()] != [None, None]:
        raise SystemExit("A bad token did not become a null")


def check_wrong_key(spark: SparkSession, folder: Path) -> None:
    """A wrong key has to be an error, and nothing may be written."""
    secret = folder / "wrong"
    secret.touch(mode=0o600)
    secret.write_text(generate_key())
    tokens = spark.sparkContext.textFile(str(folder / "encrypted"))
    stored = spark.read.parquet(str(folder / "tokens"))
    source = SecretFile(secret)
    target = folder / "nothing"
    expect_refusal(lambda: decrypt_lines(tokens, source).saveAsTextFile(str(target)))
    if (target / "_SUCCESS").exists() or list(target.glob("part-*")):
        raise SystemExit("A wrong key wrote something")
    column = stored.select(decrypt_column("card", source))
    expect_refusal(lambda: column.collect())
    print("A wrong key is an error")


def expect_refusal(work: Callable[[], object]) -> None:
    """Fails unless the work fails with the error of a bad token."""
    try:
        work()
    except (Py4JError, PySparkException) as error:
        if "InvalidTokenError" not in str(error):
            raise
        return
    raise SystemExit("A wrong key was no error")


if __name__ == "__main__":
    main()
