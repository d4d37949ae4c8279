import Foundation
import Testing

/// The demo from its feed to its recount, as it is shown to whoever sees it for the first time.
@Suite(.serialized) struct WalkTests {
    private func left(_ browser: Browser) throws -> String? { try browser.text("[data-weight-left]") }

    /// One and two: watches and votes without an account, spends the super vote and takes it back.
    private func vote(_ browser: Browser) throws {
        try browser.open("/tournament")
        #expect(try browser.text(".bar-end a") == "Sign in")
        try browser.wait("[data-weight-left]") { $0 == "200" }
        try browser.press("1")
        try browser.wait("[data-weight-left]") { $0 == "199" }
        try browser.wait("[data-vote-note]") { $0 == "Counted. Thank you." }
        try browser.press(Browser.arrowDown)
        try eventually("the second clip") {
            try browser.value("document.querySelector('[data-reel]').scrollTop > 100") as? Bool == true
        }
        try browser.press("2")
        try browser.wait("[data-weight-left]") { $0 == "196" }
        try browser.wait(".shot:nth-of-type(2) [data-given-text]") { $0.contains("a super vote (+3)") }
        try browser.press("w")
        try browser.wait("[data-weight-left]") { $0 == "199" }
        try browser.wait(".shot:nth-of-type(2) [data-left=\"super\"]") { $0 == "1 left" }
    }

    /// Three: from the board to a clip, back to its neighbours on the board, and to what rises.
    private func lookAtBoards(_ browser: Browser) throws {
        try browser.open("/tournament/boards/slot")
        #expect(try browser.count("[data-board] > li") == 42)
        let place = "[data-board] > li:nth-child(20)"
        let id = try #require(try browser.attribute("data-id", of: place))
        try browser.click(place + " a.name")
        try browser.wait("h1") { !$0.isEmpty && $0 != "Leaderboard" }
        try browser.click("a[href*=\"around=\"]")
        try browser.wait("h1") { $0 == "Leaderboard" }
        #expect(try browser.attribute("data-id", of: ".place.marked") == id)
        try browser.click(".segments a:nth-child(2)")
        try browser.wait("h1") { $0 == "Rising" }
        #expect(try browser.text("[data-board] > li:first-child [data-score]")?.hasSuffix("%") == true)
    }

    /// Four: plays the film from its beginning, then from slot 5.
    private func watchFilm(_ browser: Browser) throws {
        func plays(_ what: String) throws {
            // A scene of the demo is drawn when it is first asked for.
            try eventually(what, for: .seconds(90), every: .milliseconds(200)) {
                try browser.value("document.querySelector('[data-screen]').currentTime > 0.3") as? Bool == true
            }
        }
        try browser.open("/tournament/film")
        #expect(try browser.count("[data-scene]") == 11)
        #expect(try browser.attribute("controls", of: "[data-screen]") == nil)
        try browser.click("[data-play]")
        try plays("the film to play")
        try browser.click("[data-scene][data-position=\"5\"]")
        try browser.wait("[data-now-playing]") { $0.hasPrefix("Slot 5, scene 5 of 11") }
        try plays("the fifth scene to play")
        #expect(try browser.path() == "/tournament/film?from=5")
        #expect(try browser.attribute("controls", of: "[data-screen]") != nil)
    }

    /// Five: the director does not wait for the close; the winner stands, and the next slot takes votes.
    private func close(_ address: String, audience browser: Browser) throws {
        let director = try Browser(site: address)
        try director.signIn("director@example.com", to: "/tournament/timetable")
        #expect(try director.text(".now h2") == "Slot 12")
        try director.click(".desk form button")
        try director.wait(".winner h2", for: .seconds(60)) { !$0.isEmpty }
        #expect(try director.text("h1") == "Slot 12")
        #expect(try director.text(".page-head .badge")?.hasPrefix("provisional") == true)
        try director.open("/tournament/timetable")
        #expect(try director.text(".now h2") == "Slot 13")
        #expect(try director.complaints() == [])
        try browser.open("/tournament")
        try browser.wait(".hud h1") { $0.hasPrefix("Slot 13") }
        #expect(try browser.count(".shot[data-clip]") > 0)
    }

    /// Six: reads why votes were removed, downloads result, ballots and program, and counts again.
    private func recount(_ browser: Browser, _ server: Capstan) throws {
        try browser.open("/tournament/timetable")
        try browser.click(".cell:nth-child(9) a")
        try browser.wait("h1") { $0 == "Slot 9" }
        #expect(try browser.text(".removal-count") == "312")
        #expect(try browser.text(".removals b")?.isEmpty == false)
        let digest = try #require(try browser.text("[data-digest]"))
        #expect(digest.count >= 64)
        let folder = try TemporaryFolder()
        func download(_ selector: String, as name: String, from path: String? = nil) throws -> String {
            let address =
                try path ?? browser.value("document.querySelector('\(selector)').getAttribute('href')") as? String
            let answer = try server.send(.get(try #require(address)))
            #expect(answer.status == 200)
            let file = folder.path + "/" + name
            try Data(answer.body).write(to: URL(fileURLWithPath: file))
            return file
        }
        let slot = try #require(try browser.path().split(separator: "/").last)
        let program = try download("a[download=\"recount.py\"]", as: "recount.py")
        let ballots = try download("a[href$=\"/ballots\"]", as: "ballots.csv")
        let result = try download("", as: "result.json", from: "/api/tournament/slots/\(slot)/results")
        let (status, output) = try Program.outcome(["python3", program, result, ballots])
        #expect(status == 0, "\(output)")
        #expect(output.contains(digest.replacing("sha256:", with: "")), "\(output)")
    }

    @Test func `the six steps of the demo, from a first vote to a recount with the same digest`() throws {
        let site = try Site(.sqlite)
        try site.server.start()
        let address = "http://127.0.0.1:\(site.server.port)"
        let browser = try Browser(site: address)
        try vote(browser)
        try lookAtBoards(browser)
        try watchFilm(browser)
        try close(address, audience: browser)
        try recount(browser, site.server)
        #expect(try browser.complaints() == [])
        #expect(try site.server.terminate() == 0)
        #expect(try Books.problems(in: site.database) == [])
    }
}
