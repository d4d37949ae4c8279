import Base
import Testing

@testable import Discovery

@Suite struct KeywordRuleTests {
    private func keyword(
        cursor: String = "", trail: [String] = [], pages: Int = 0, empties: Int = 0
    ) -> Keyword {
        Keyword(
            id: ID(high: 1, low: 1), searchID: ID(high: 1, low: 2), platform: .tiktok, text: "running", ordinal: 0,
            isExpanded: false, round: 1, state: .running, reason: nil, cursor: cursor,
            trail: trail.reduce(CursorTrail()) { $0.adding($1) }, pages: pages, empties: empties, attempts: 0, found: 0,
            charged: 0, excluded: 0, reused: 0)
    }

    @Test func `an empty page is not the end, three in a row are`() {
        #expect(keyword().step(results: 0, next: "a", isTargetReached: false) == .next(cursor: "a"))
        #expect(keyword(empties: 1).step(results: 0, next: "a", isTargetReached: false) == .next(cursor: "a"))
        #expect(keyword(empties: 2).step(results: 0, next: "a", isTargetReached: false) == .end(.emptyPages))
        #expect(keyword(empties: 2).step(results: 1, next: "a", isTargetReached: false) == .next(cursor: "a"))
    }

    @Test func `a cursor that comes again ends the keyword`() {
        let later = keyword(cursor: "c", trail: ["", "a", "b"], pages: 3)
        for known in ["a", "b", "c"] {
            #expect(later.step(results: 9, next: known, isTargetReached: false) == .end(.cursorLoop))
        }
        #expect(later.step(results: 9, next: "d", isTargetReached: false) == .next(cursor: "d"))
    }

    @Test func `the target, the last page and the twentieth page end it`() {
        #expect(keyword().step(results: 9, next: "a", isTargetReached: true) == .end(.targetReached))
        #expect(keyword().step(results: 9, next: nil, isTargetReached: false) == .end(.exhausted))
        #expect(keyword(pages: 19).step(results: 9, next: "a", isTargetReached: false) == .end(.pageLimit))
        let long = String(repeating: "x", count: 5_000)
        #expect(keyword().step(results: 9, next: long, isTargetReached: false) == .end(.unreadable))
    }

    @Test func `keywords are put in order, each once`() throws {
        let wish = try SearchWish(
            keywords: [" #Trail  Running", "trail running", "", "Über"], platforms: [.youtube, .tiktok])
        #expect(wish.keywords == ["trail running", "über"])
        #expect(wish.platforms == [.tiktok, .youtube])
        for wrong in [[], ["x"], [String(repeating: "y", count: 81)], (0..<11).map { "word \($0)" }] {
            #expect(throws: DiscoveryError.self) { try SearchWish(keywords: wrong, platforms: [.tiktok]) }
        }
        #expect(throws: DiscoveryError.self) { try SearchWish(keywords: ["running"], platforms: []) }
    }

    @Test func `suggestions are at most twelve and never the seed`() {
        for seed in ["trail running", "skincare", "something else"] {
            let words = Suggestion.keywords(for: seed)
            #expect((6...12).contains(words.count) && !words.contains(seed) && Set(words).count == words.count)
        }
        #expect(Suggestion.keywords(for: "ab").isEmpty)
        #expect(Suggestion.words(from: ["#a1 #b2", "#b2", "#c3"], leavingOut: ["c3"]) == ["b2", "a1"])
    }
}
