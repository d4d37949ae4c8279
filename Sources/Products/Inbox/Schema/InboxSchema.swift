import Base
public import Storage

/// The product's part of the database.
public enum InboxSchema {
    /// Tables and their history.
    public static let module = SchemaModule(
        name: "inbox",
        tables: channelTables + conversationTables + workTables + botTables + deskTables + reachTables + teamTables
            + wayTables + keepingTables,
        migrations: [
            Migration(
                1, "channels, contacts, conversations, messages, work, bot",
                channels + conversations + work + bot + desk),
            Migration(2, "widgets, files, checks, outgoing hooks, sources of knowledge", reach),
            Migration(3, "teams, hours, service levels, canned replies, ratings", teams),
            Migration(4, "places of tagged and mentioned conversations, words by their time", ways),
            Migration(5, "what is kept for how long, exports", keeping),
        ])

    /// A table that is only ever reached through its primary key: on SQLite it is stored in the key's order.
    static func keyed(_ text: String) -> [Migration.Step] { [.postgres(text), .sqlite(text + " WITHOUT ROWID")] }

    static let day: Duration = .seconds(86_400)
}
