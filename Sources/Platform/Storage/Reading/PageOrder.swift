import Base

/// The key by which a list is paged.
///
/// All columns run in one direction, so that the database compares rows and reads an index range. The last column is
/// unique, so that no row is repeated or skipped.
public struct PageOrder: Sendable, Hashable {
    let columns: [String]
    let isDescending: Bool

    /// Smallest first.
    ///
    /// `columns` are written as in the query (`v.cast_at`) and selected under the name behind the dot.
    public static func ascending(_ columns: StaticString...) -> PageOrder {
        PageOrder(columns: columns.map(\.description), isDescending: false)
    }

    /// Largest first.
    ///
    /// `columns` are written as in the query (`v.cast_at`) and selected under the name behind the dot.
    public static func descending(_ columns: StaticString...) -> PageOrder {
        PageOrder(columns: columns.map(\.description), isDescending: true)
    }

    private init(columns: [String], isDescending: Bool) {
        precondition(!columns.isEmpty, "a list without a key cannot be paged")
        self.columns = columns
        self.isDescending = isDescending
    }

    var signature: String { columns.joined(separator: ",") + (isDescending ? " desc" : " asc") }

    var clause: SQL {
        let direction = isDescending ? " DESC" : " ASC"
        return SQL(parts: [.text(" ORDER BY " + columns.map { $0 + direction }.joined(separator: ", "))])
    }

    func predicate(after position: [SQLValue]) -> SQL {
        var parts: [SQL.Part] = [.text(" AND (" + columns.joined(separator: ", ") + (isDescending ? ") < (" : ") > ("))]
        for (index, value) in position.enumerated() {
            if index > 0 { parts.append(.text(", ")) }
            parts.append(.bind(value))
        }
        parts.append(.text(")"))
        return SQL(parts: parts)
    }

    func position(in row: SQLRow) throws(StorageError) -> [SQLValue] {
        var position: [SQLValue] = []
        for column in columns {
            let name = column.split(separator: ".").last.map(String.init) ?? column
            guard let place = row.source.columnNames.firstIndex(of: name) else {
                throw .rowMismatch("the list is ordered by \(name), which its query does not select")
            }
            let value = row.source.value(row: row.index, column: place)
            guard !value.isNull else {
                throw .rowMismatch(
                    "the list is ordered by \(name), which holds null: page by columns that are not null")
            }
            position.append(value)
        }
        return position
    }
}
