import Base
import Storage

/// Writes with the rest of what a transaction writes last what is to be counted.
enum TallyOutbox: Outbox {
    static let name = "inboxTallies"
    static let rowsPerStatement = 1_000
    static let rowsMax = 4_000

    struct Row: Sendable {
        let id: ID<Tally>
        let tally: Tally
        /// How it came about, as it is stored.
        let chain: String
    }

    static func steps(for rows: [Row], in context: OutboxContext) -> [OutboxStep] {
        guard let tenant = context.scope.tenant else {
            preconditionFailure("what is counted is counted for one company at a time")
        }
        let input = SQLRows(
            rows, { $0.id }, { $0.tally.kind.rawValue }, { $0.tally.conversation }, { $0.tally.channel },
            { $0.tally.person }, { $0.tally.amount }, { $0.tally.at }, { $0.chain })
        return [
            OutboxStep(
                "added_tallies",
                """
                INSERT INTO inbox_tallies (tenant_id, id, kind, conversation_id, channel_id, person_id, amount, at, chain)
                SELECT \(tenant), i.id, i.kind, i.conversation_id, i.channel_id, i.person_id, i.amount, i.at, i.chain
                FROM (WITH v(id, kind, conversation_id, channel_id, person_id, amount, at, chain) AS (\(rows: input))
                    SELECT * FROM v) i WHERE true
                """)
        ]
    }

    static func hints(for rows: [Row]) -> [String] { [] }
}

extension WriteTransaction {
    /// Has something be counted when the transaction commits.
    func tally(_ tallies: [Tally]) throws(StorageError) {
        var rows: [TallyOutbox.Row] = []
        for tally in tallies {
            let chain = tally.chain.depth == 0 ? "" : try StoredJSON.text(tally.chain)
            rows.append(TallyOutbox.Row(id: makeID(), tally: tally, chain: chain))
        }
        try add(rows, to: TallyOutbox.self)
    }
}
