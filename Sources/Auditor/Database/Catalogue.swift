import Foundation

/// What a database says about itself, read once.
struct Catalogue: Sendable {
    struct Table: Sendable, Hashable {
        var schema: String
        var name: String
        var rows: Double
        var bytes: Double
        /// Without what lies outside of its rows: what a scan reads.
        var heapBytes: Double
        var indexBytes: Double
        var toastBytes: Double
        var deadRows: Double
        var liveRows: Double
        var sequentialScans: Double
        var sequentialRows: Double
        var indexScans: Double
        var inserts: Double
        var updates: Double
        var deletes: Double
        var hotUpdates: Double
        var xidAge: Double
        var lastAutovacuum: String?

        var key: String { schema == "public" ? name : "\(schema).\(name)" }
        var writes: Double { inserts + updates + deletes }
    }

    struct Index: Sendable, Hashable {
        var schema: String
        var table: String
        var name: String
        var columns: [String]
        var includedCount: Int
        var isUnique: Bool
        var isPrimary: Bool
        var isValid: Bool
        var predicate: String?
        var hasExpressions: Bool
        var method: String
        var bytes: Double
        var scans: Double
        var definition: String
    }

    struct ForeignKey: Sendable, Hashable {
        var schema: String
        var table: String
        var name: String
        var columns: [String]
        var target: String
    }

    struct Sequence: Sendable, Hashable {
        var name: String
        var last: Double
        var limit: Double
        /// The column's own limit when its type is smaller than the sequence's.
        var owner: String?
    }

    struct Statistic: Sendable, Hashable {
        var table: String
        var column: String
        var distinct: Double
        var largestFraction: Double?
        var width: Double
        var nullFraction: Double
    }

    struct Statement: Sendable, Hashable {
        var text: String
        var calls: Double
        var totalMilliseconds: Double
        var meanMilliseconds: Double
        var maxMilliseconds: Double
        var rows: Double
        var blocksRead: Double
        var blocksHit: Double
        var temporaryBlocks: Double
        var walBytes: Double
    }

    struct Policy: Sendable, Hashable {
        var schema: String
        var table: String
        var name: String
        var using: String?
        var check: String?
    }

    /// What plpgsql_check says of a function.
    struct Fault: Sendable, Hashable {
        var function: String
        var line: Int
        var statement: String
        var state: String
        var message: String
        var hint: String?
    }

    var version = 0
    var tables: [Table] = []
    var indexes: [Index] = []
    var foreignKeys: [ForeignKey] = []
    var sequences: [Sequence] = []
    var statistics: [Statistic] = []
    var statements: [Statement] = []
    var policies: [Policy] = []
    var faults: [Fault] = []
    var settings: [String: String] = [:]
    var extensions: Set<String> = []
    var connections: [(application: String, state: String, count: Double, longestSeconds: Double)] = []
    /// Seconds since counters began; `nil` when they were never reset, and then since the server started.
    var counterSeconds: Double = 0
    var xidAge = 0.0
    var databaseBytes = 0.0
    /// What could not be read, and why.
    var gaps: [(what: String, why: String)] = []

    /// The table of that name.
    func table(_ name: String) -> Table? { tables.first { $0.key == name || $0.name == name } }

    /// Hours in words, for the window of what counters say.
    var window: String {
        let hours = counterSeconds / 3_600
        return hours >= 48
            ? "\(Figures.text((hours / 24).rounded())) days of counters" : "\(Figures.text(hours)) hours of counters"
    }
}
