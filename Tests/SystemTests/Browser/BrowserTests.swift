import Foundation
import Testing

/// The demo as a person sees it, in Debian's chromium; one browser at a time, as each takes a core.
@Suite(.serialized) struct BrowserTests {
    private func withDemo(_ body: (Site, String) throws -> Void) throws {
        let site = try Site(.sqlite)
        try site.server.start()
        try body(site, "http://127.0.0.1:\(site.server.port)")
        #expect(try site.server.terminate() == 0)
        #expect(try Books.problems(in: site.database) == [])
    }

    private func number(_ text: String?) -> Int { Int((text ?? "").filter(\.isNumber)) ?? -1 }

    @Test func `a stranger votes by keyboard, sees the meter move, and takes the vote back`() throws {
        try withDemo { _, address in
            let browser = try Browser(site: address)
            try browser.open("/tournament")
            try browser.wait("[data-weight-left]") { $0 == "200" }
            #expect(try browser.count(".shot[data-clip]") == 10)

            try browser.press("2")
            try browser.wait("[data-weight-left]") { $0 == "197" }
            try browser.wait("[data-given-text]") { $0.contains("a super vote (+3)") }
            // The super vote of the slot is spent: also on the next clip.
            try browser.press(Browser.arrowDown)
            try browser.wait(".shot:nth-of-type(2) [data-left=\"super\"]") { $0 == "0 left" }
            #expect(try browser.attribute("disabled", of: ".shot:nth-of-type(2) button.super") == "true")

            try browser.press("k")
            try eventually("the first clip to be back", every: .milliseconds(100)) {
                try browser.value("document.querySelector('[data-reel]').scrollTop") as? Int == 0
            }
            try browser.press("w")
            try browser.wait("[data-weight-left]") { $0 == "200" }
            try browser.wait(".shot [data-left=\"super\"]") { $0 == "1 left" }

            // Once a film ran for two seconds it is a view; it plays by itself.
            try eventually("the film to play", every: .milliseconds(200)) {
                try browser.value("document.querySelector('.shot video').currentTime > 0.5") as? Bool == true
            }
            #expect(try browser.complaints() == [])
        }
    }

    @Test func `the board moves by itself when somebody votes`() throws {
        try withDemo { site, address in
            let browser = try Browser(site: address)
            try browser.open("/tournament/boards/slot")
            let first = "[data-board] > li:first-child"
            let id = try #require(try browser.attribute("data-id", of: first))
            let before = number(try browser.text("[data-id=\"\(id)\"] [data-score]"))
            #expect(before > 0)

            let connection = try site.server.connect()
            let (voter, _) = try Voter.arrive(connection)
            #expect(try connection.send(voter.cast(id, kind: "mega")).status == 201)
            try browser.wait("[data-id=\"\(id)\"] [data-score]") { number($0) == before + 10 }

            try browser.open("/tournament/boards/slot?order=rising")
            #expect(try browser.text("h1") == "Rising")
            #expect(try browser.text("[data-board] > li:first-child [data-score]")?.hasSuffix("%") == true)
            #expect(try browser.complaints() == [])
        }
    }

    @Test func `a result is recounted in the reader's own browser, with the same digest`() throws {
        try withDemo { _, address in
            let browser = try Browser(site: address)
            try browser.open("/tournament/timetable")
            #expect(try browser.count(".cell") == 75)
            // Slot 9 has removed votes, with their reason.
            try browser.click(".cell:nth-child(9) a")
            #expect(try browser.text("h1") == "Slot 9")
            #expect(number(try browser.text(".removal-count")) == 312)
            try browser.click("[data-recount-start]")
            try browser.wait("[data-recount-status]") { $0.hasPrefix("The same digest.") }
            #expect(try browser.complaints() == [])
        }
    }

    @Test func `the director closes the slot, and the winner stands and the next slot opens`() throws {
        try withDemo { _, address in
            let browser = try Browser(site: address)
            try browser.open("/sign-in?next=/tournament/timetable")
            try browser.type("director@example.com", into: "input[type=\"email\"]")
            try browser.type("capstan-demo", into: "input[type=\"password\"]")
            try browser.click("main form button.primary")
            try browser.wait("h1") { $0 == "The Lighthouse" }
            #expect(try browser.text(".now h2") == "Slot 12")
            try browser.click(".desk button")
            try browser.wait("h1", for: .seconds(60)) { $0 == "Slot 12" }
            #expect(try browser.text(".winner h2") != nil)
            #expect(try browser.text(".page-head .badge")?.hasPrefix("provisional") == true)
            try browser.open("/tournament/timetable")
            #expect(try browser.text(".cell:nth-child(13)")?.contains("Slot 13") == false)
            #expect(try browser.complaints() == [])
        }
    }

    @Test func `without script one watches, votes by form and takes the vote back`() throws {
        try withDemo { _, address in
            let browser = try Browser(site: address, hasScript: false)
            try browser.open("/tournament")
            #expect(try browser.text("[data-weight-left]") == "200")
            // A player of the browser's own stands in for the page's.
            #expect(try browser.attribute("controls", of: ".shot video") != nil)
            try browser.click(".shot button[value=\"normal\"]")
            try browser.wait(".flash") { $0 == "Your vote is counted." }
            #expect(try browser.text("[data-weight-left]") == "199")
            try browser.click("[data-given-row] button")
            try browser.wait(".flash") { $0.hasPrefix("Your vote is taken back.") }
            #expect(try browser.text("[data-weight-left]") == "200")
            try browser.open("/tournament/boards/slot")
            #expect(try browser.count("[data-board] > li") == 42)
            #expect(try browser.complaints() == [])
        }
    }

    @Test func `comments of others appear by themselves, and wait while somebody writes an answer`() throws {
        try withDemo { _, address in
            let reader = try Browser(site: address)
            try reader.open("/tournament/boards/slot")
            let clip = try #require(
                try reader.value("document.querySelector('[data-board] a.name').getAttribute('href')") as? String)
            let writer = try Browser(site: address)
            try writer.signIn("creator@example.com", to: clip)
            try reader.open(clip)
            let before = number(try reader.text("[data-comments-heading]"))
            try writer.type("Seen by itself.", into: "#comment-text")
            try writer.click(".comment-form button.primary")
            try writer.wait(".flash") { $0 == "Your comment is there." }
            try reader.wait("[data-comments-thread] .comment-text") { $0 == "Seen by itself." }
            #expect(number(try reader.text("[data-comments-heading]")) == before + 1)

            // Who answers is not disturbed: what is new is offered, and comes when it is asked for.
            try reader.signIn("viewer@example.com", to: clip)
            try reader.click("[data-comments-thread] details summary")
            try writer.type("And a second one.", into: "#comment-text")
            try writer.click(".comment-form button.primary")
            try reader.wait("[data-comments-offer] button") { $0 == "Show new comments" }
            #expect(try reader.text("[data-comments-thread] .comment-text") == "Seen by itself.")
            try reader.click("[data-comments-offer] button")
            try reader.wait("[data-comments-thread] .comment-text") { $0 == "And a second one." }
            #expect(try reader.complaints() == [])
            #expect(try writer.complaints() == [])
        }
    }

    @Test func `without script the film goes on from any slot, and comments have a page`() throws {
        try withDemo { _, address in
            let browser = try Browser(site: address, hasScript: false)
            try browser.open("/tournament/film")
            try browser.click("[data-position=\"9\"]")
            try eventually("the page") { try browser.path() == "/tournament/film?from=9" }
            #expect(try browser.attribute("controls", of: "[data-screen]") != nil)
            #expect(try browser.text(".no-script")?.hasPrefix("Slot 9") == true)
            try browser.click(".no-script a")
            try eventually("the page") { try browser.path() == "/tournament/film?from=10" }
            try browser.click("[data-current] .scene-clip")
            try browser.wait("h1") { $0 != "The film so far" }
            try browser.open(try browser.path() + "/comments")
            #expect(try browser.count("[data-comments-thread]") == 1)
            #expect(try browser.complaints() == [])
        }
    }

    @Test(arguments: [
        "/tournament", "/tournament/boards/slot", "/tournament/timetable", "/tournament/film", "/sign-in",
    ])
    func `a page fits a phone and can be walked through with the keyboard`(path: String) throws {
        try withDemo { _, address in
            let browser = try Browser(site: address, width: 500, height: 844)
            try browser.open(path)
            #expect(
                try browser.value("document.documentElement.scrollWidth <= innerWidth") as? Bool == true,
                "\(path) is wider than the screen")
            try browser.press(Browser.tab)
            #expect(try browser.value("document.activeElement.className") as? String == "skip")
            #expect(try browser.complaints() == [])
        }
    }
}
