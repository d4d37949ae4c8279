/// Whether the database holds what was acknowledged.
struct VoteSums {
    let lost: Int
    let double: Int
    let wrong: Int
    let report: String

    /// Counts what is stored.
    ///
    /// - Parameters:
    ///   - database: what was voted in.
    ///   - accepted: votes that were acknowledged.
    ///   - others: votes in open slots that were there before, or were cast by others.
    /// - Throws: ``Impossible`` when the database does not answer.
    init(_ database: BenchDatabase, accepted: Int, others: Int) throws {
        func number(_ query: String) throws -> Int { Int(try database.sql(query)[0]) ?? -1 }
        let stored =
            try number("SELECT count(*) FROM votes v JOIN slots s ON s.id = v.slot_id WHERE s.state = 'voting'")
            - others
        double = try number(
            "SELECT count(*) FROM (SELECT 1 FROM votes WHERE withdrawn_at IS NULL GROUP BY clip_id, voter_id HAVING count(*) > 1) d"
        )
        wrong = try number(
            """
            SELECT count(*) FROM (SELECT clip_id, sum(score) AS score FROM clip_tallies GROUP BY clip_id) t
            FULL JOIN (SELECT clip_id, sum(weight) AS score FROM votes
                WHERE withdrawn_at IS NULL AND removal_id IS NULL GROUP BY clip_id) v USING (clip_id)
            WHERE coalesce(t.score, 0) <> coalesce(v.score, 0)
            """)
        lost = max(0, accepted - stored)
        report =
            "\(accepted) votes acknowledged over HTTP, \(stored) stored, \(lost) lost, \(double) double, "
            + "\(wrong) clips whose tally differs from the sum of their votes."
    }
}
