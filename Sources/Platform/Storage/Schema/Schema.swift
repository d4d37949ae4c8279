import Base

/// A module's part of the database: its tables and the steps that made them.
public struct SchemaModule: Sendable {
    /// The module's name, as in `tournament`.
    ///
    /// Its migrations are numbered by themselves.
    public let name: String
    /// All tables that the migrations have made.
    public let tables: [TableDeclaration]
    /// The steps, numbered from 1 without gaps.
    public let migrations: [Migration]

    /// Declares a part of the database.
    public init(name: String, tables: [TableDeclaration], migrations: [Migration]) {
        self.name = name
        self.tables = tables
        self.migrations = migrations
    }
}

/// What the platform must know of a table.
public struct TableDeclaration: Sendable {
    /// Who owns the rows.
    public enum Tenancy: Sendable, Hashable {
        /// Every row belongs to the tenant in its `tenant_id` column, which begins the primary key. On PostgreSQL
        /// row-level security is a second wall.
        case tenant
        /// Rows belong to the platform; reached by system capabilities only.
        case system
    }

    /// How long rows stay.
    public enum Retention: Sendable, Hashable {
        /// As long as what they describe.
        case forever
        /// `column` (a timestamptz with an index that begins with it, or with `tenant_id` and it) is older than this:
        /// the platform deletes such rows in small batches.
        case after(column: String, age: Duration)
    }

    /// The table's name: plural, snake_case.
    public let name: String
    /// Who owns the rows.
    public let tenancy: Tenancy
    /// How long rows stay.
    public let retention: Retention

    /// Declares a table.
    public init(_ name: String, _ tenancy: Tenancy = .tenant, retention: Retention = .forever) {
        self.name = name
        self.tenancy = tenancy
        self.retention = retention
    }
}

/// One step of the schema's history.
///
/// Never changed once released: a checksum is kept with it.
public struct Migration: Sendable {
    /// The place in the module's history, from 1.
    public let number: Int
    /// What the step does, in a few words.
    public let name: String
    /// What is executed, in one transaction where the engine allows it.
    public let steps: [Step]

    /// One statement of a migration.
    public enum Step: Sendable {
        /// The same text on both engines, in PostgreSQL's type names (`uuid`, `bigint`, `text`, `timestamptz`, `jsonb`,
        /// `bytea`, `boolean`, `double precision`), which SQLite takes as they are.
        case both(String)
        /// On PostgreSQL only.
        case postgres(String)
        /// On SQLite only.
        case sqlite(String)
        /// An index on a table that may be large by now: built concurrently on PostgreSQL, outside the transaction.
        case index(name: String, on: String, definition: String, isUnique: Bool = false)
    }

    /// Declares a step of the history.
    public init(_ number: Int, _ name: String, _ steps: [Step]) {
        self.number = number
        self.name = name
        self.steps = steps
    }
}
