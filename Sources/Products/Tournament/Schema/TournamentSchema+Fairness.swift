import Storage

extension TournamentSchema {
    /// Risk, suspicion, removal, bans and pseudonyms: what makes a result believable.
    static let fairnessTables = [
        // Archived after 90 days; the retention is for when that fails for long.
        TableDeclaration("risk_events", retention: .after(column: "noticed_at", age: .seconds(400 * 86_400))),
        TableDeclaration("fraud_case_votes"),
        TableDeclaration("voter_bans"),
        TableDeclaration("pseudonym_runs"),
    ]

    static let fairness: [Migration.Step] =
        [
            // What made a vote look automated. `address` and `agent` are keyed hashes: they group and name nobody.
            .both(
                """
                CREATE TABLE risk_events (
                    tenant_id uuid NOT NULL, id uuid NOT NULL, voter_id uuid NOT NULL,
                    slot_id uuid, clip_id uuid, vote_id uuid, points bigint NOT NULL CHECK (points >= 0),
                    features jsonb NOT NULL, address bigint NOT NULL, agent bigint NOT NULL,
                    noticed_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, id))
                """),
            .both("CREATE INDEX risk_events_by_voter ON risk_events (tenant_id, voter_id, noticed_at)"),
            .both("CREATE INDEX risk_events_by_age ON risk_events (tenant_id, noticed_at)"),
            .both("CREATE INDEX risk_events_by_slot ON risk_events (tenant_id, slot_id, id)"),
            // Which votes a case is about; votes know their voters, so that pseudonyms have one place.
            .both(
                """
                CREATE TABLE fraud_case_votes (
                    tenant_id uuid NOT NULL, case_id uuid NOT NULL, vote_id uuid NOT NULL, slot_id uuid NOT NULL,
                    PRIMARY KEY (tenant_id, case_id, vote_id))
                """),
            .both("CREATE INDEX fraud_case_votes_by_slot ON fraud_case_votes (tenant_id, slot_id, vote_id)"),
            // One row for each voter that was ever banned; every node looks for what has changed.
            .both(
                """
                CREATE TABLE voter_bans (
                    tenant_id uuid NOT NULL, voter_id uuid NOT NULL, is_banned boolean NOT NULL,
                    reason text NOT NULL, changed_at timestamptz NOT NULL,
                    PRIMARY KEY (tenant_id, voter_id))
                """),
            .both("CREATE INDEX voter_bans_by_change ON voter_bans (changed_at, voter_id)"),
            // How far the voters of a slot have given way to pseudonyms, in the order of the ballots.
            .both(
                """
                CREATE TABLE pseudonym_runs (
                    tenant_id uuid NOT NULL, slot_id uuid NOT NULL, season_id uuid NOT NULL,
                    upto uuid NOT NULL, is_complete boolean NOT NULL,
                    PRIMARY KEY (tenant_id, slot_id))
                """),
            .both("ALTER TABLE fraud_cases ADD COLUMN fingerprint text"),
            // Grows with every batch of removed votes: a count that began before is taken again.
            .both("ALTER TABLE slots ADD COLUMN removal_batches bigint NOT NULL DEFAULT 0"),
            // Whether batches of the removal are still to come.
            .both("ALTER TABLE removals ADD COLUMN is_open boolean NOT NULL DEFAULT false"),
            .index(
                name: "fraud_cases_by_fingerprint", on: "fraud_cases",
                definition: "(tenant_id, slot_id, fingerprint) WHERE fingerprint IS NOT NULL", isUnique: true),
            .index(name: "removals_open", on: "removals", definition: "(id) WHERE is_open"),
        ]
}
