import Base

/// Creators that are to be put into a list without being named: all that a search found, or that another list holds.
struct Selection: Sendable, Hashable, Codable {
    enum Source: Sendable, Hashable, Codable {
        case search(ID<Search>)
        case list(ID<CreatorList>)
    }

    let list: ID<CreatorList>
    let source: Source
    var filter = MatchFilter()
    var bucket: String?
    let asker: Asker

    /// The same, as exports read it.
    func segment(upTo mark: Int64) -> ExportPlan.Segment {
        switch source {
        case .search(let id):
            ExportPlan.Segment(source: .search, id: id.cast(to: ID<ExportSource>.self), title: "", mark: mark)
        case .list(let id):
            ExportPlan.Segment(source: .list, id: id.cast(to: ID<ExportSource>.self), title: "", mark: mark)
        }
    }
}

/// Whose cards are put into another order or other buckets.
struct BoardWork: Sendable, Hashable, Codable {
    let list: ID<CreatorList>
    var bucket: String?
}
