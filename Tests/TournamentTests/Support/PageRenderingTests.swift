import Base
import Foundation
import Testing
import Web
import WebTestKit

@testable import Tournament

/// Every page through the real templates, layout and assets.
@Suite struct PageRenderingTests {
    private let samples = PageSamples()

    /// The page as the server would send it to a browser with a device key.
    private func html(_ page: HTMLPage) async throws -> String {
        let pages = try Pages(
            [.web, TournamentPages.bundle],
            chrome: SiteChrome(
                name: "Open Reel", home: Addresses.feed, navigation: TournamentPages.navigation,
                footer: [SiteChrome.Link(href: "/openapi.json", label: "API")], signInPath: "/sign-in"),
            clock: samples.clock)
        let route = Route(
            .get, "/page", "test.showPage", "Shows a page.", policy: .voter,
            limit: .exempt(because: "a test"), budget: 0
        ) { (_: Request<NoInput>) in page }
        let site = try await TestSite([route, pages.assets.route], clock: samples.clock, pages: pages)
        let answer = try await site.get("/page")
        #expect(answer.status == 200, "\(answer.text.prefix(400))")
        // Who works on a template looks at it: PAGES_FOLDER=/some/folder writes what is tested.
        if let folder = ProcessInfo.processInfo.environment["PAGES_FOLDER"] {
            let name = page.template.split(separator: "/").last.map(String.init) ?? "page"
            try Data(answer.text.utf8).write(to: URL(filePath: folder).appending(path: name + ".html"))
        }
        return answer.text
    }

    private func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

    /// What holds for every page.
    private func expectSound(_ html: String) {
        #expect(!html.contains("{{") && !html.contains("}}"))
        #expect(!html.contains("style=\"") && !html.contains("onclick=") && !html.contains("javascript:"))
        #expect(html.components(separatedBy: "<script").dropFirst().allSatisfy { $0.contains("src=\"/assets/") })
        #expect(count("<h1", in: html) == 1 && count("<main", in: html) == 1)
        #expect(html.contains("<html lang=\"en\">") && html.contains("class=\"skip\""))
        #expect(!html.contains("Optional("))
        #expect(!html.contains("<b>Eleven"))
    }

    @Test func `the feed can be watched and voted in without script`() async throws {
        let html = try await html(TournamentPages.page(samples.feed))
        expectSound(html)
        #expect(count("<video", in: html) == 10)
        #expect(count("method=\"post\" action=\"/tournament/votes\"", in: html) == 10)
        #expect(count("name=\"kind\" value=\"normal\"", in: html) == 10)
        #expect(html.contains("&lt;b&gt;Eleven &amp; Knots&lt;/b&gt;"))
        #expect(html.contains("You gave a super vote (+3)."))
        #expect(html.contains("<b class=\"number\" data-weight-left>173</b> of 200 left today"))
        #expect(html.contains("new at 00:00 Lisbon"))
        // The mega vote is spent everywhere.
        #expect(count("value=\"mega\" aria-keyshortcuts=\"3\" disabled", in: html) == 10)
        let token = try #require(html.firstMatch(of: /name="formToken" value="([^"]+)"/))
        #expect(token.1.count > 16)
    }

    @Test func `after the freeze no form can be sent`() async throws {
        let frozen = FeedPage(
            season: samples.season, slot: samples.slot,
            entries: [.init(clip: samples.clips[0], score: 1, votes: 1, rank: 1, given: nil, viewToken: nil)],
            power: samples.power(), at: samples.slot.freezesAt)
        let html = try await html(TournamentPages.page(frozen))
        expectSound(html)
        #expect(html.contains("<fieldset disabled>"))
        #expect(html.contains("data-state=\"frozen\"") && html.contains("00:02:00"))
    }

    @Test func `nothing to vote on is a page with the time of the next slot`() async throws {
        var next = samples.slot
        next.state = .upcoming
        let html = try await html(
            TournamentPages.page(FeedPage(nothingOpenIn: samples.season, next: next, at: samples.now)))
        expectSound(html)
        #expect(html.contains("Slot 12 opens soon") && html.contains("(Lisbon)"))
        #expect(!html.contains("<video") && !html.contains("data-closes"))
        let before = try await self.html(
            TournamentPages.page(
                FeedPage(nothingOpenIn: samples.season, next: next, at: next.opensAt - .seconds(90))))
        #expect(before.contains("Voting begins in") && before.contains(">00:01:30<"))
        #expect(before.contains("data-leads-on") && before.contains("Upload a clip"))
    }

    @Test func `the leaderboard marks the entry around which it is shown`() async throws {
        let html = try await html(TournamentPages.page(samples.board()))
        expectSound(html)
        #expect(count("<li class=\"place", in: html) == 12)
        #expect(count("marked\" data-id", in: html) == 1)
        #expect(html.contains("1–12 of 42") && html.contains("after=abc"))
        #expect(html.contains("1,900") && html.contains("width=\"100.0\""))
    }

    @Test func `a blind season shows no places while the slot is open`() async throws {
        let blind = PageSamples(isBlind: true)
        let board = try await html(TournamentPages.page(blind.board()))
        expectSound(board)
        #expect(board.contains("Positions are hidden") && !board.contains("1,900"))
        let feed = try await html(TournamentPages.page(blind.feed))
        #expect(feed.contains("shown at the close") && !feed.contains("1,900"))
        let clip = try await html(TournamentPages.page(blind.clip(0)))
        #expect(!clip.contains("1,826"))
    }

    @Test func `a result shows removed votes with reasons, the tie, the rule and the digest`() async throws {
        let html = try await html(TournamentPages.page(samples.result))
        expectSound(html)
        #expect(html.contains("Same device key replayed") && html.contains("330 points taken out"))
        #expect(count("href=\"#tie\"", in: html) == 2)
        #expect(html.contains("the tie rule decided"))
        #expect(html.contains(TieRule.statement) && html.contains(samples.decided.digest))
        #expect(html.contains("5,214") && html.contains("sha256sum"))
    }

    @Test func `an open slot has no result yet`() async throws {
        let page = ResultPage(openSlot: samples.slot, season: samples.season, clips: 42, at: samples.now)
        let html = try await html(TournamentPages.page(page))
        expectSound(html)
        #expect(html.contains("Still being voted on") && !html.contains("data-digest"))
    }

    @Test func `only who directs sees the desk`() async throws {
        let audience = try await html(TournamentPages.page(samples.timetable(canDirect: false)))
        expectSound(audience)
        #expect(!audience.contains("Close slot") && audience.contains("1 of 3 slots decided"))
        let director = try await html(TournamentPages.page(samples.timetable(canDirect: true)))
        #expect(director.contains("Close slot 12 now"))
    }

    @Test func `the film lists its scenes in order`() async throws {
        let html = try await html(TournamentPages.page(samples.film))
        expectSound(html)
        #expect(count("data-scene ", in: html) == 11)
        #expect(html.contains("11 scenes, 1 minute 28 seconds."))
    }

    @Test func `the film begins with any slot that has a scene, and its next scene has an address`() async throws {
        let scenes = samples.clips.prefix(4).enumerated().map { (position: $0 + 3, clip: $1, score: 7) }
        let fifth = FilmPage(season: samples.season, winners: scenes, from: 5)
        let html = try await html(TournamentPages.page(fifth))
        expectSound(html)
        #expect(html.contains("from slot 5") && html.contains("<source src=\"/v/2.mp4\""))
        #expect(count("aria-current=\"true\" data-scene", in: html) == 1)
        #expect(html.contains("Play from slot 6") && html.contains("href=\"\(Addresses.film(from: 6))\">Next scene"))
        #expect(FilmPage(season: samples.season, winners: scenes, from: 75).screen?.position == 3)
        #expect(FilmPage(season: samples.season, winners: scenes, from: 6).screen?.nextHref == nil)
    }

    @Test func `a wide screen is offered the large rendition, every other one the small`() async throws {
        var clip = samples.clips[0]
        clip.files.large = "/v/large.mp4"
        let page = ClipPage(
            clip, slot: samples.slot, season: samples.season, numbers: nil, given: nil, power: samples.power(),
            at: samples.now)
        let html = try await html(TournamentPages.page(page))
        let large = "<source src=\"/v/large.mp4\" type=\"video/mp4\" media=\"(min-width: 60rem)\">"
        #expect(html.contains(large + "<source src=\"/v/0.mp4\" type=\"video/mp4\">"))
        // A clip of which there is only one rendition shows that one to all.
        let small = try await self.html(TournamentPages.page(samples.clip(0)))
        #expect(!small.contains("media=\"") && small.contains("<source src=\"/v/0.mp4\""))
    }

    @Test func `a slot that has not opened says so and offers a reminder`() async throws {
        var slot = samples.slot
        slot.state = .upcoming
        let stranger = try await html(
            TournamentPages.page(ResultPage(openSlot: slot, season: samples.season, clips: 0, at: samples.now)))
        expectSound(stranger)
        #expect(stranger.contains("Not open yet") && stranger.contains("Sign in to be reminded"))
        #expect(!stranger.contains("Still being voted on") && !stranger.contains("Voting ends in"))
        let person = try await html(
            TournamentPages.page(
                ResultPage(openSlot: slot, season: samples.season, clips: 0, isReminded: true, at: samples.now)))
        #expect(person.contains("You are reminded") && person.contains("value=\"forget\""))
    }

    @Test func `a clip's page has its numbers and its vote`() async throws {
        let html = try await html(TournamentPages.page(samples.clip(1)))
        expectSound(html)
        #expect(html.contains("1,826") && html.contains("of 42") && html.contains("in the running"))
        #expect(count("<form", in: html) == 1)
    }

    @Test func `what a page loads of script stays below 50 KB`() throws {
        let folders = [PageBundle.web.folder, TournamentPages.bundle.folder]
        var sizes: [String: Int] = [:]
        for folder in folders {
            let assets = folder.appending(path: "assets")
            for name in try FileManager.default.contentsOfDirectory(atPath: assets.path) where name.hasSuffix(".js") {
                sizes[name] = try Data(contentsOf: assets.appending(path: name)).count
            }
        }
        let shared = (sizes["capstan.js"] ?? 0) + (sizes["theme.js"] ?? 0)
        #expect(shared > 0 && sizes.count >= 6)
        for (name, size) in sizes { #expect(shared + size < 50_000, "\(name)") }
        // The page with the most: a clip that can be voted on.
        let most = try ["feed.js", "player.js", "comments.js", "beat.js", "watch.js", "films.js", "clocks.js"].map {
            try #require(sizes[$0])
        }.reduce(shared, +)
        #expect(most < 50_000)
    }
}
