import Base
import Foundation

/// The built-in directory: answers for the invented universe as a vendor would, with a vendor's moods.
struct DemoDirectoryService: CreatorDirectory {
    enum Bounds {
        static let pause: Duration = .milliseconds(350)
        static let slowPause: Duration = .seconds(6)
    }

    let clock: any WallClock
    /// How much of a vendor's slowness is played: 1 as in the demo, 0 for none.
    var tempo = 1

    var vendor: Vendor { .demo }

    func search(_ query: DirectoryQuery) async throws(DirectoryFailure) -> DirectoryPage {
        let isSlow = query.keyword == DemoUniverse.slow
        try await wait(isSlow ? Bounds.slowPause : Bounds.pause)
        guard query.keyword != DemoUniverse.failing else { throw .unavailable(reason: .failing, retryAfter: nil) }
        let page = Int(query.cursor) ?? 0
        let pages = DemoUniverse.pages(of: query.keyword)
        let numbers =
            DemoUniverse.isEmpty(page, of: query.keyword)
            ? [] : DemoUniverse.page(page, of: query.keyword, on: query.platform)
        return DirectoryPage(
            creators: numbers.map { DemoUniverse.listed($0, renamed: page > 0) },
            next: page + 1 < pages ? String(page + 1) : nil, credits: 1)
    }

    func profile(_ subject: DirectorySubject) async throws(DirectoryFailure) -> DirectoryProfile {
        try await wait(Bounds.pause / 4)
        guard let number = DemoUniverse.number(externalID: subject.externalID, on: subject.platform),
            !DemoUniverse.isGone(number)
        else { return .gone(credits: 1) }
        var listed = DemoUniverse.listed(number, renamed: true)
        listed.facts.followers = DemoUniverse.followers(number)
        listed.facts.posts = Int64(20 + DemoUniverse.mix(UInt64(number), 25) % 900)
        return .found(listed, posts: DemoUniverse.posts(number, until: clock.now()), credits: 1)
    }

    func picture(at address: String) async throws(DirectoryFailure) -> DirectoryPicture? {
        guard address.hasPrefix("demo:"), let number = Int(address.dropFirst(5)) else { return nil }
        return DirectoryPicture(bytes: Array(DemoPortrait(number).svg.utf8), mediaType: "image/svg+xml")
    }

    private func wait(_ time: Duration) async throws(DirectoryFailure) {
        guard tempo > 0 else { return }
        do { try await clock.sleep(for: time * tempo) } catch { throw .cancelled }
    }
}
