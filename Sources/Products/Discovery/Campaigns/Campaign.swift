import Base

import typealias Storage.SQLConvertible

/// Searches and lists that belong together.
struct Campaign: Sendable, Hashable {
    enum Bounds {
        /// Campaigns of a workspace.
        static let campaigns = 1_000
        /// Runs that are compared.
        static let runs = 50
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case draft, active, completed, archived
    }

    let id: ID<Campaign>
    let personID: ID<Person>
    var name: String
    var state: State
    let createdAt: Timestamp
    var version: Int64
}

/// A run of a campaign beside the others: what it brought, and what of it no run before had.
struct CampaignRun: Sendable, Hashable {
    let search: ID<Search>
    let title: String
    let state: String
    let startedAt: Timestamp
    let found: Int
    /// Creators that no earlier run of the campaign found.
    let fresh: Int
    let enriched: Int
    let withEmail: Int
    let followersMedian: Int64?
}
