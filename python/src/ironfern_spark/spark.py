"""
Spark: lines of an RDD, and columns of a table.

What goes into a job's closure is this module's name and where the key is to be found, never
the key. Each worker reads the key at the start of a task, and wipes it at its end.
"""

# No `from __future__ import annotations`: Spark reads the annotations of its functions.

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Union, overload

from .fernet import BadTokens, Message, check_bad_tokens, token_age
from .keys import Key, SecretSource, borrowed_key, check_source, read_key, wipe
from .lines import decrypt_line_values, encrypt_line_values

if TYPE_CHECKING:
    from pyspark import RDD
    from pyspark.sql import Column, SparkSession


@dataclass(frozen=True)
class _EncryptLines:
    """What is done with a partition of lines."""

    key: SecretSource

    def __call__(self, lines: Iterable[Message]) -> Iterator[Optional[str]]:
        return encrypt_line_values(lines, self.key)


@dataclass(frozen=True)
class _DecryptLines:
    """What is done with a partition of tokens."""

    key: SecretSource
    bad_tokens: BadTokens
    ttl: Optional[int]
    current_time: Optional[int]

    def __call__(self, tokens: Iterable[Message]) -> Iterator[Optional[str]]:
        in_time = token_age(self.ttl, self.current_time)
        return decrypt_line_values(
            tokens, self.key, bad_tokens=self.bad_tokens, in_time=in_time
        )


def _is_rdd(lines: Any) -> bool:
    return hasattr(lines, "mapPartitions")


def _check_lines(lines: Any) -> None:
    if isinstance(lines, (str, bytes, bytearray)):
        raise TypeError("Cannot use a single text as lines: pass a list of lines, or an RDD")
    if type(lines).__module__.startswith("pyspark.sql"):
        raise TypeError("Cannot use a table as lines: use encrypt_column or decrypt_column")


@overload
def encrypt_lines(lines: "RDD[str]", key: SecretSource) -> "RDD[str]": ...


@overload
def encrypt_lines(lines: Iterable[Optional[Message]], key: Key) -> Iterator[Optional[str]]: ...


def encrypt_lines(lines: Any, key: Any) -> Any:
    """
    Encrypts each line into a Fernet token. ``None`` stays ``None``.

    :param lines: an RDD, or an iterable, of lines without their ends.
    :param key: for an RDD a :class:`SecretFile` or a :class:`SecretVariable`, which each
        worker reads; for an iterable the key itself will do.
    :returns: an RDD, or an iterator, of tokens. Nothing is done before it is used.
    :raises TypeError: if the key would be sent to the workers within the job.
    :raises ValueError: when used: if a line holds a line feed.
    """
    _check_lines(lines)
    if _is_rdd(lines):
        check_source(key)
        return lines.mapPartitions(_EncryptLines(key), preservesPartitioning=False)
    wipe(read_key(key))
    return encrypt_line_values(lines, key)


@overload
def decrypt_lines(
    tokens: "RDD[str]",
    key: SecretSource,
    *,
    bad_tokens: BadTokens = "error",
    ttl: Optional[int] = None,
    current_time: Optional[int] = None,
) -> "RDD[str]": ...


@overload
def decrypt_lines(
    tokens: Iterable[Optional[Message]],
    key: Key,
    *,
    bad_tokens: BadTokens = "error",
    ttl: Optional[int] = None,
    current_time: Optional[int] = None,
) -> Iterator[Optional[str]]: ...


def decrypt_lines(
    tokens: Any,
    key: Any,
    *,
    bad_tokens: BadTokens = "error",
    ttl: Optional[int] = None,
    current_time: Optional[int] = None,
) -> Any:
    """
    Decrypts what :func:`encrypt_lines` gave.

    :param bad_tokens: ``"null"`` gives ``None`` for a token that cannot be opened. Then a
        wrong key gives nothing but ``None``: count them.
    :param ttl: how many seconds a token is valid; without it time is not looked at.
    :param current_time: the Unix time to compare with, instead of now; only with ``ttl``.
    :returns: an RDD, or an iterator, of lines. Nothing is done before it is used.
    :raises InvalidTokenError: when used: at the first bad token. Under Spark the task fails
        with it, and so does the job.
    """
    _check_lines(tokens)
    check_bad_tokens(bad_tokens)
    in_time = token_age(ttl, current_time)
    if _is_rdd(tokens):
        check_source(key)
        work = _DecryptLines(key, bad_tokens, ttl, current_time)
        return tokens.mapPartitions(work, preservesPartitioning=False)
    wipe(read_key(key))
    return decrypt_line_values(tokens, key, bad_tokens=bad_tokens, in_time=in_time)


def encrypt_udf(key: SecretSource) -> Callable[..., "Column"]:
    """
    A pandas UDF that encrypts a column of text or binary data into one of tokens.

    A null stays a null. The result is marked as not deterministic, as every token has its own
    IV: Spark then does not compute it twice for one row of one plan.
    """
    import pandas as pd
    from pyspark.sql.pandas.functions import pandas_udf

    check_source(key)

    def encrypt(columns: Iterator[pd.Series]) -> Iterator[pd.Series]:
        from ._columns import encrypt_series

        with borrowed_key(key) as secret:
            for column in columns:
                yield encrypt_series(secret, column)

    udf: Any = pandas_udf(encrypt, "string")  # type: ignore[call-overload]
    return udf.asNondeterministic()  # type: ignore[no-any-return]


def decrypt_udf(
    key: SecretSource,
    *,
    binary: bool = False,
    bad_tokens: BadTokens = "error",
    ttl: Optional[int] = None,
    current_time: Optional[int] = None,
) -> Callable[..., "Column"]:
    """
    A pandas UDF that decrypts a column of tokens.

    A null stays a null. A bad token fails the job, or becomes a null where ``bad_tokens`` is
    ``"null"``. The result is text, or with ``binary`` binary data.
    """
    import pandas as pd
    from pyspark.sql.pandas.functions import pandas_udf

    check_source(key)
    check_bad_tokens(bad_tokens)
    token_age(ttl, current_time)

    def decrypt(columns: Iterator[pd.Series]) -> Iterator[pd.Series]:
        from ._columns import decrypt_series

        in_time = token_age(ttl, current_time)
        with borrowed_key(key) as secret:
            for column in columns:
                yield decrypt_series(
                    secret, column, binary=binary, bad_tokens=bad_tokens, in_time=in_time
                )

    kind = "binary" if binary else "string"
    udf: Any = pandas_udf(decrypt, kind)  # type: ignore[call-overload]
    return udf if ttl is None else udf.asNondeterministic()  # type: ignore[no-any-return]


def encrypt_column(column: Union["Column", str], key: SecretSource) -> "Column":
    """A column of tokens for a column of text or binary data; see :func:`encrypt_udf`."""
    return encrypt_udf(key)(column)


def decrypt_column(
    column: Union["Column", str],
    key: SecretSource,
    *,
    binary: bool = False,
    bad_tokens: BadTokens = "error",
    ttl: Optional[int] = None,
    current_time: Optional[int] = None,
) -> "Column":
    """A column of what tokens hold; see :func:`decrypt_udf`."""
    udf = decrypt_udf(
        key, binary=binary, bad_tokens=bad_tokens, ttl=ttl, current_time=current_time
    )
    return udf(column)


def register_functions(
    spark: "SparkSession",
    key: SecretSource,
    *,
    encrypt: str = "ironfern_encrypt",
    decrypt: str = "ironfern_decrypt",
) -> None:
    """Makes the two functions known to SQL, under these names and with this key."""
    spark.udf.register(encrypt, encrypt_udf(key))
    spark.udf.register(decrypt, decrypt_udf(key))
