import Base
import BaseTestKit
import Testing

@testable import Discovery

@Suite struct DemoUniverseTests {
    @Test func `a creator is found again by platform and id, whatever the handle`() {
        for number in [0, 1, 39, 40, 119, 120, 9_999, 10_000, 59_999] {
            let platform = DemoUniverse.platform(number)
            #expect(DemoUniverse.number(externalID: DemoUniverse.externalID(number), on: platform) == number)
        }
        #expect(DemoUniverse.number(externalID: "7123", on: .tiktok) == nil)
        #expect(Topic.all.count == DemoUniverse.topics)
    }

    @Test func `a keyword's pages name nobody twice, and keywords of a topic overlap`() {
        func all(_ keyword: String) -> [Int] {
            (0..<DemoUniverse.pages(of: keyword)).flatMap { DemoUniverse.page($0, of: keyword, on: .youtube) }
        }
        let (first, second) = (all("trail running"), all("ultra marathon"))
        #expect(Set(first).count == first.count && first.count >= 480)
        #expect(first.allSatisfy { DemoUniverse.platform($0) == .youtube && $0 < DemoUniverse.count })
        #expect(!Set(first.prefix(200)).isDisjoint(with: second.prefix(200)))
    }

    @Test func `about one in twenty hides likes, one in a hundred is gone, one in two hundred is renamed`() {
        let all = 0..<DemoUniverse.count
        #expect((2_700...3_300).contains(all.count(where: DemoUniverse.hidesLikes)))
        #expect((500...700).contains(all.count(where: DemoUniverse.isGone)))
        #expect((240...360).contains(all.count(where: DemoUniverse.isRenamed)))
    }

    @Test func `the failing keyword fails, the others answer the same every time`() async throws {
        let directory = DemoDirectoryService(clock: SimClock(), tempo: 0)
        func query(_ keyword: String) -> DirectoryQuery {
            DirectoryQuery(platform: .tiktok, keyword: keyword, region: "US", cursor: "")
        }
        await #expect(throws: DirectoryFailure.unavailable(reason: .failing, retryAfter: nil)) {
            try await directory.search(query(DemoUniverse.failing))
        }
        let page = try await directory.search(query("latte art"))
        #expect(page.creators.count == DemoUniverse.perPage && page.next == "1")
        #expect(try await directory.search(query("latte art")) == page)
    }
}
