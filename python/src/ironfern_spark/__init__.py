"""
Ironfern for Python and Apache Spark: Fernet tokens, fields of rows, and sealed exports, by
the kernel that the TypeScript package runs.
"""

from .errors import InvalidTokenError, IronfernError, RowError, SealedExportError
from .fernet import decrypt_many, encrypt_many
from .fields import (
    Fields,
    FieldsResult,
    decrypt_fields,
    decrypt_fields_file,
    encrypt_fields,
    encrypt_fields_file,
)
from .keys import SecretFile, SecretVariable, generate_key
from .lines import decrypt_lines_file, encrypt_lines_file
from .sealed import (
    ExportInspection,
    OpenedExport,
    SealedExportInfo,
    inspect_export,
    open_export,
    open_file,
    seal_file,
    seal_stream,
    verify_export,
)
from .spark import (
    decrypt_column,
    decrypt_lines,
    decrypt_udf,
    encrypt_column,
    encrypt_lines,
    encrypt_udf,
    register_functions,
)

__version__ = "0.1.0"

__all__ = [
    "ExportInspection",
    "Fields",
    "FieldsResult",
    "InvalidTokenError",
    "IronfernError",
    "OpenedExport",
    "RowError",
    "SealedExportError",
    "SealedExportInfo",
    "SecretFile",
    "SecretVariable",
    "decrypt_column",
    "decrypt_fields",
    "decrypt_fields_file",
    "decrypt_lines",
    "decrypt_lines_file",
    "decrypt_many",
    "decrypt_udf",
    "encrypt_column",
    "encrypt_fields",
    "encrypt_fields_file",
    "encrypt_lines",
    "encrypt_lines_file",
    "encrypt_many",
    "encrypt_udf",
    "generate_key",
    "inspect_export",
    "open_export",
    "open_file",
    "register_functions",
    "seal_file",
    "seal_stream",
    "verify_export",
]
