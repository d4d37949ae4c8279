import Foundation
import Testing

/// A day's work in Discovery: from two words to a file, with everything on the way that can go wrong for a person.
@Suite(.serialized) struct DiscoveryWalkTests {
    private enum Bounds {
        static let scriptBytes = 50 * 1_024
        static let cards = 60
    }

    private func isOver(_ browser: Browser) throws -> Bool {
        try browser.text("[data-badge] .badge") == "partly failed"
    }

    /// Starts a search of which one keyword always fails, and sees rows and chips change by themselves.
    private func search(_ browser: Browser) throws {
        try browser.open("/discovery/searches/new")
        try browser.type("trail shoes\ntrail running drone", into: "#keywords")
        // More than there are, so that the keyword that fails is not spared; no profiles, which are read at leisure.
        _ = try browser.value("document.querySelector('input[name=target][value=\"500\"]').checked = true")
        _ = try browser.value("document.querySelector('#enrich').value = '0'")
        #expect((1...Bounds.scriptBytes).contains(try browser.scriptBytes()))
        try browser.click("form.compose button.primary")
        try browser.wait("[data-badge] .badge") { !$0.isEmpty }
        // The page is told: nothing here reloads it.
        _ = try browser.value("window.stays = true")
        try eventually("rows to come", for: .seconds(60)) { try browser.count("[data-rows] tr") > 0 }
        try browser.wait(".keyword.failed", for: .seconds(120)) { $0.contains("trail running drone") }
        try eventually("the search to be over", for: .seconds(180), every: .milliseconds(300)) { try isOver(browser) }
        #expect(try browser.value("window.stays") as? Bool == true)
        #expect(try browser.text("[data-summary]")?.contains("failed") == true)
        #expect(try browser.count(".keyword.failed") >= 1)
        // What has ended is not asked about any more.
        let asked =
            "performance.getEntriesByType('resource').filter((part) => /api.discovery.searches/.test(part.name)).length"
        let later = "new Promise((done) => setTimeout(() => done(\(asked)), 6500))"
        let before = try browser.value(asked) as? Int
        #expect(try browser.value(later) as? Int == before)
        #expect((1...Bounds.scriptBytes).contains(try browser.scriptBytes()))
        try browser.open(try browser.path())
        #expect(try browser.count("[data-rows] tr") == 10)
    }

    /// Sends the failed keyword out again; it fails again, and says so again.
    private func retry(_ browser: Browser) throws {
        try browser.click(".search-head button.danger")
        try browser.wait("[data-badge] .badge") { $0 != "partly failed" }
        try eventually("the second round to be over", for: .seconds(180), every: .milliseconds(300)) {
            try isOver(browser)
        }
        #expect(try browser.count(".keyword.failed") >= 1)
    }

    /// Scrolls through everybody who was found; the page never holds more than sixty cards.
    private func browse(_ browser: Browser) throws {
        let search = String(try browser.path().prefix { $0 != "?" })
        try browser.open(search + "?view=gallery")
        var most = try browser.count("[data-gallery] > *")
        for _ in 0..<8 {
            let wait =
                "new Promise((done) => { scrollTo(0, document.body.scrollHeight); setTimeout(() => done(true), 400) })"
            _ = try browser.value(wait)
            most = max(most, try browser.count("[data-gallery] > *"))
        }
        #expect((25...Bounds.cards).contains(most), "\(most) cards were in the page")
        try browser.open(search)
    }

    /// Adds all who pass to a list and opens its board.
    private func list(_ browser: Browser) throws {
        let list = try #require(
            try browser.value("document.querySelector('#add select[name=list]').options[1].value") as? String)
        _ = try browser.value("document.querySelector('#add select[name=list]').value = '\(list)'")
        try browser.click("#add button[name=all]")
        try browser.wait(".flash") { !$0.isEmpty }
        try browser.open("/discovery/lists/\(list)")
        #expect(try browser.count("[data-card]") <= Bounds.cards)
        #expect(try browser.count("[data-card]") > 0)
    }

    /// The bucket of a card, as somebody sees it who opens the board now.
    private func keptBucket(of id: String, _ browser: Browser) throws -> String? {
        try browser.value(
            "fetch(location.href).then((page) => page.text()).then((text) => { const page = new DOMParser()"
                + ".parseFromString(text, 'text/html');"
                + " return page.querySelector('[data-card=\"\(id)\"]')?.dataset.bucket ?? '' })") as? String
    }

    /// Moves a card into the bucket beside its own by keys alone; it keeps the focus and stays where it is.
    private func moveByKeys(_ browser: Browser) throws {
        let first = "[data-bucket-column]:first-child [data-card]"
        let id = try #require(try browser.attribute("data-card", of: first))
        let next = try #require(
            try browser.attribute("data-bucket-column", of: "[data-bucket-column]:nth-child(2)"))
        _ = try browser.value("document.querySelector('\(first)').focus()")
        try browser.press(Browser.arrowRight, holding: [Browser.alt])
        try eventually("the card to be in \(next)") {
            try browser.count("[data-bucket-column=\"\(next)\"] [data-card=\"\(id)\"]") == 1
        }
        try eventually("the card's move by keys to be kept") { try keptBucket(of: id, browser) == next }
        try eventually("the focus to have gone with it") {
            try browser.value("document.activeElement?.dataset.card ?? ''") as? String == id
        }
    }

    /// Drags a card into another bucket; it stays there, also for whoever comes later.
    private func move(_ browser: Browser) throws {
        let names = "[...document.querySelectorAll('[data-bucket-column]')].map((part) => part.dataset.bucketColumn)"
        let buckets = try #require(try browser.value(names) as? [String])
        let from = try #require(
            try buckets.first { try browser.count("[data-bucket-column=\"\($0)\"] [data-card]") > 0 })
        let to = try #require(buckets.first { $0 != from && $0 != "contacted" })
        let id = try #require(try browser.attribute("data-card", of: "[data-bucket-column=\"\(from)\"] [data-card]"))
        try browser.drag("[data-card=\"\(id)\"] .facts-row", onto: "[data-bucket-column=\"\(to)\"] header")
        try eventually("the card to be in \(to)") {
            try browser.count("[data-bucket-column=\"\(to)\"] [data-card=\"\(id)\"]") == 1
        }
        try eventually("the move to be kept") { try keptBucket(of: id, browser) == to }
    }

    /// Takes the list home as a file: as many lines as its manifest says.
    private func export(_ browser: Browser) throws {
        // A file that is kept: a small one would come with the answer.
        let order =
            "fetch('/api/discovery/exports', { method: 'POST', headers: { 'content-type': 'application/json' },"
            + " body: JSON.stringify({ source: 'list', sourceId: location.pathname.split('/')[3], inline: false }) })"
        #expect(try browser.value(order + ".then((answer) => answer.status)") as? Int == 201)
        try browser.open("/discovery/exports")
        try browser.wait("[data-export] [data-state]", for: .seconds(60)) { $0 == "Ready" }
        let file = "fetch(document.querySelector('[data-export] a[download]').href).then((file) => file.text())"
        let text = try #require(try browser.value(file) as? String)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: true).count
        let counted = try #require(try browser.text("[data-export] [data-rows]"))
        let rows = try #require(Int(counted.filter(\.isNumber)))
        #expect(lines == rows + 1, "\(counted), \(lines) lines")
    }

    @Test func `a search is run, watched, mended, listed, moved and taken home in a browser`() throws {
        let site = try Site(.sqlite)
        try site.server.start()
        let browser = try Browser(site: "http://127.0.0.1:\(site.server.port)")
        try browser.signIn("director@example.com", to: "/discovery")
        try search(browser)
        try retry(browser)
        try browse(browser)
        try list(browser)
        try move(browser)
        try moveByKeys(browser)
        try export(browser)
        #expect(try browser.complaints() == [])
        #expect(try site.server.terminate() == 0)
    }
}
