import Foundation
import Testing

/// Every page of the product, the desk, the accounts and the console, looked at with axe-core: on a phone and at a desk,
/// by day and by night.
@Suite(.serialized) struct AccessibilityTests {
    enum Bounds {
        /// Script of one page, as the browser reads it.
        static let scriptBytes = 50 * 1_024
        /// The same where a thread is open: what draws it, writes in it and keeps what is written for a lost connection.
        static let threadBytes = 80 * 1_024
    }

    /// Whose pages are looked at, and which.
    struct Round: Sendable, CustomTestStringConvertible {
        var who: String
        var email: String?
        var paths: [String]

        var testDescription: String { who }
    }

    static let rounds = [
        Round(
            who: "a stranger", email: nil,
            paths: [
                "/tournament", "CLIP", "WINNER", "CLIP/comments", "/tournament/boards/slot",
                "/tournament/boards/slot?order=rising", "AROUND", "/tournament/boards/track",
                "/tournament/boards/season", "/tournament/boards/creators", "/tournament/boards/voters",
                "/tournament/film", "/tournament/film?from=9", "/tournament/timetable", "SLOT 9", "SLOT 12", "SLOT 20",
                "PERSON", "/tournament/captcha", "/sign-in", "/sign-up", "SHARED",
            ]),
        Round(
            who: "a creator", email: "creator@example.com",
            paths: [
                "/account", "/account/data", "/account/notifications", "/tournament/upload", "/tournament/upload/mine",
                "/tournament/people/me", "CLIP", "PERSON", "/tournament/timetable", "SLOT 20",
            ]),
        Round(
            who: "a moderator", email: "moderator@example.com",
            paths: [
                "/tournament/desk", "/tournament/desk?state=removed", "CASE", "/tournament/desk/clips",
                "/tournament/desk/reports", "/tournament/desk/flags", "CLIP",
            ]),
        Round(
            who: "a director", email: "director@example.com",
            paths: ["/tournament/timetable", "/tournament/desk/flags"]),
        Round(
            who: "somebody who finds creators", email: "director@example.com",
            paths: [
                "/discovery", "/discovery/searches", "/discovery/searches/new", "SEARCH", "SEARCH?view=gallery",
                "/discovery/creators", "/discovery/creators?q=running", "CREATOR", "/discovery/usage",
            ]),
        Round(
            who: "somebody who keeps lists of creators", email: "director@example.com",
            paths: [
                "/discovery/lists", "LIST", "EMPTY LIST", "LIST/table", "LIST/links", "/discovery/campaigns",
                "CAMPAIGN",
                "/discovery/saved-searches", "/discovery/exports",
            ]),
        Round(
            who: "somebody who only looks at Discovery", email: "creator@example.com",
            paths: ["/discovery", "/discovery/searches", "SEARCH", "LIST", "/discovery/usage"]),
        Round(
            who: "somebody who answers customers", email: "moderator@example.com",
            paths: [
                "/inbox", "/inbox?view=all", "CONVERSATION", "/inbox/contacts", "CONTACT", "/inbox/search?q=brake",
                "/inbox/replies", "/inbox/dashboard", "/inbox/knowledge",
            ]),
        Round(
            who: "somebody who sets up how customers are answered", email: "director@example.com",
            paths: [
                "/inbox/channels", "CHANNEL", "/inbox/channels/connect/telegram", "/inbox/knowledge",
                "/inbox/knowledge/test", "/inbox/knowledge/policy", "/inbox/replies", "/inbox/team",
            ]),
        Round(
            who: "an operator", email: "operator@example.com",
            paths: [
                "/console", "/console/routes", "/console/statements", "/console/caches", "/console/limits",
                "/console/database", "/console/flags",
            ]),
    ]

    private func axe() throws -> String {
        let path = try #require(ProcessInfo.processInfo.environment["CAPSTAN_TEST_AXE"], "set by Scripts/test")
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    /// The addresses of what the demo has made, by the words that stand for them above.
    private func places(_ browser: Browser) throws -> [String: String] {
        func relative(_ selector: String, on page: String) throws -> String {
            try browser.open(page)
            return try browser.value("document.querySelector(\(quoted(selector))).getAttribute('href')") as? String
                ?? ""
        }
        let clip = try relative("[data-board] > li:first-child a.name", on: "/tournament/boards/slot")
        var places = ["CLIP": clip, "CLIP/comments": clip + "/comments"]
        places["AROUND"] = "/tournament/boards/slot?around=\(clip.split(separator: "/").last ?? "")"
        places["PERSON"] = try relative(".lead a", on: clip)
        places["WINNER"] = try relative(".scene-clip", on: "/tournament/film")
        for number in [9, 12, 20] {
            places["SLOT \(number)"] = try relative(".cell:nth-child(\(number)) a", on: "/tournament/timetable")
        }
        return places
    }

    /// The same for Discovery's.
    private func discoveryPlaces(_ server: Capstan) throws -> [String: String] {
        let desk = try CreatorDesk(at: server)
        // One that shows everything: rows, keywords that failed, a way to try them again.
        let search = try #require(try desk.searches().first { $0.state == "partial" })
        let lists = try desk.lists()
        let list = try #require(lists.max { ($0.entries ?? 0) < ($1.entries ?? 0) })
        let empty = try #require(lists.first { $0.entries == 0 })
        let path = "/discovery/searches/\(search.id)"
        let board = "/discovery/lists/\(list.id)"
        return [
            "SEARCH": path, "SEARCH?view=gallery": path + "?view=gallery",
            "CREATOR": "/discovery/creators/\(try #require(try desk.creators(of: search).first).id)",
            "EMPTY LIST": "/discovery/lists/\(empty.id)", "LIST": board, "LIST/table": board + "/table",
            "LIST/links": board + "/links",
            "CAMPAIGN": "/discovery/campaigns/\(try #require(try desk.campaigns().first).id)",
            "SHARED": try desk.share(list),
        ]
    }

    /// The same for Inbox's, as whoever is signed in sees them.
    private func inboxPlaces(_ browser: Browser) throws -> [String: String] {
        func first(_ selector: String, on page: String) throws -> String {
            try browser.open(page)
            let link = try browser.value("document.querySelector(\(quoted(selector)))?.getAttribute('href') ?? ''")
            return try #require(link as? String)
        }
        return [
            "CONVERSATION": try first("[data-row] a", on: "/inbox?view=all"),
            "CONTACT": try first("main a[href*='/inbox/contacts/']", on: "/inbox/contacts"),
            "CHANNEL": try first(
                "main a[href*='/inbox/channels/']:not([href*='connect'])", on: "/inbox/channels"),
        ]
    }

    private func quoted(_ text: String) -> String { "\"\(text)\"" }

    @Test(arguments: rounds)
    func `axe finds nothing on any page, and no page is too wide or loads much script`(_ round: Round) throws {
        let axe = try axe()
        let site = try Site(.sqlite)
        try site.server.start()
        let browser = try Browser(site: "http://127.0.0.1:\(site.server.port)")
        var places = try places(browser).merging(discoveryPlaces(site.server)) { $1 }
        if let email = round.email { try browser.signIn(email, to: "/tournament/timetable") }
        if round.paths.contains("CONVERSATION") || round.paths.contains("CHANNEL") {
            places.merge(try inboxPlaces(browser)) { $1 }
        }
        if round.paths.contains("CASE") {
            try browser.open("/tournament/desk")
            places["CASE"] =
                try browser.value("document.querySelector('.case-title a').getAttribute('href')") as? String
        }
        for name in round.paths {
            let path = places[name] ?? name
            for look in Look.all {
                try browser.show(look)
                try browser.open(path)
                #expect(try browser.status() == 200, "\(name)")
                #expect(try browser.text("h1")?.isEmpty == false, "\(name) has no heading")
                #expect(try browser.violations(axe) == [], "\(name), \(look)")
                #expect(
                    try browser.value("document.documentElement.scrollWidth <= innerWidth") as? Bool == true,
                    "\(name) is wider than the screen: \(look)")
            }
            let bytes = try browser.scriptBytes()
            let bound = name == "CONVERSATION" ? Bounds.threadBytes : Bounds.scriptBytes
            #expect((1...bound).contains(bytes), "\(name) loads \(bytes) bytes of script")
        }
        #expect(try browser.complaints() == [])
        #expect(try site.server.terminate() == 0)
    }
}
