import Base
import Caching
import Storage

/// Keeps the first pages of comments in memory: while nothing is written, nobody's look costs a statement.
///
/// Whatever changes what is shown drops the clip's page in the same transaction, on all nodes.
struct CommentFrontKeeper: Sendable {
    private let pages: Cache<ID<Clip>, CommentFront>
    private let store: CommentStore

    init(store: CommentStore, caches: CacheRegistry) {
        self.store = store
        pages = Cache(
            "tournament.comments",
            CacheOptions(
                ttl: .seconds(60), staleWindow: .seconds(60), capacity: 50_000,
                weigh: { _, front in max(1, front.count) }, tags: { [Self.tag($0), Self.tag] }), in: caches)
    }

    /// More clips than this in one transaction, as in the removal of what a person has written, drop all pages at once.
    static let clipsMax = 16
    static let tag = "comments"
    static func tag(_ clip: ID<Clip>) -> String { "comments:\(clip)" }

    /// The newest comments of a clip.
    func front(of clip: ID<Clip>, in tenant: Tenant) async throws -> CommentFront {
        try await pages.value(for: clip, in: tenant) { [store] in
            try await shared {
                CommentFront(
                    try await store.page(of: clip, for: nil, after: nil, limit: CommentDesk.Bounds.page, in: tenant))
            }
        }
    }
}

extension WriteTransaction {
    /// Drops what is remembered of the comments of clips, once this is committed.
    func changeComments(of clips: some Collection<ID<Clip>>) {
        guard clips.count <= CommentFrontKeeper.clipsMax else {
            return afterCommit(.invalidate(tag: CommentFrontKeeper.tag))
        }
        for clip in clips { afterCommit(.invalidate(tag: CommentFrontKeeper.tag(clip))) }
    }
}
