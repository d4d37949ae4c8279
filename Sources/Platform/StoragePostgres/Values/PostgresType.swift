import CLibPQ
import Storage

/// The types that are read, by their object identifiers in `pg_type.dat`; all others are refused by name.
enum PostgresType: UInt8 {
    case bool, bytes, int2, int4, int8, oid, float4, float8, numeric, text, json, jsonb, date, timestamp, uuid, void

    init?(oid: Oid) {
        switch oid {
        case 16: self = .bool
        case 17: self = .bytes
        case 20, 3220: self = .int8  // bigint, pg_lsn
        case 21: self = .int2
        case 23: self = .int4
        case 26: self = .oid
        case 18, 19, 25, 705, 1042, 1043: self = .text  // "char", name, text, unknown, char(n), varchar
        case 114: self = .json
        case 700: self = .float4
        case 701: self = .float8
        case 1082: self = .date
        case 1114, 1184: self = .timestamp
        case 1700: self = .numeric
        case 2278: self = .void
        case 2950: self = .uuid
        case 3802: self = .jsonb
        default: return nil
        }
    }

    /// The type that a null of this type is reported as.
    var sqlType: SQLType {
        switch self {
        case .bool: .bool
        case .bytes: .bytes
        case .int2, .int4, .int8, .oid, .date: .integer
        case .float4, .float8, .numeric: .double
        case .text, .void: .text
        case .json, .jsonb: .json
        case .timestamp: .timestamp
        case .uuid: .uuid
        }
    }
}

extension SQLType {
    /// The type that a bound value of this type is declared as.
    var oid: Oid {
        switch self {
        case .bool: 16
        case .integer: 20
        case .double: 701
        case .text: 25
        case .bytes: 17
        case .json: 3802
        case .timestamp: 1184
        case .uuid: 2950
        }
    }

    /// The type of an array of such values.
    var arrayOID: Oid {
        switch self {
        case .bool: 1000
        case .integer: 1016
        case .double: 1022
        case .text: 1009
        case .bytes: 1001
        case .json: 3807
        case .timestamp: 1185
        case .uuid: 2951
        }
    }
}

/// Microseconds from 1970 to 2000, where PostgreSQL starts to count.
let postgresEpoch: Int64 = 946_684_800_000_000
