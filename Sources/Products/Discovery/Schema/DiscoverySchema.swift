import Base
public import Storage

/// The product's part of the database.
public enum DiscoverySchema {
    /// Tables and their history.
    public static let module = SchemaModule(
        name: "discovery", tables: searchTables + creatorTables + meteringTables + listTables + exportTables,
        migrations: [
            Migration(1, "searches, creators, metering", searches + creators + metering),
            Migration(2, "campaigns, lists, contacts, exports", lists + exports),
        ])

    /// A table that is only ever reached through its primary key: on SQLite it is stored in the key's order.
    static func keyed(_ text: String, postgres options: String = "") -> [Migration.Step] {
        [.postgres(text + (options.isEmpty ? "" : " WITH (\(options))")), .sqlite(text + " WITHOUT ROWID")]
    }

    static let day: Duration = .seconds(86_400)
}
