import Foundation
import Testing

/// Uploads and reviews as people do them, in Debian's chromium.
@Suite(.serialized) struct UploadBrowserTests {
    private func signIn(_ email: String, _ browser: Browser, to path: String) throws {
        try browser.open("/sign-in?next=\(path)")
        try browser.type(email, into: "input[type=\"email\"]")
        try browser.type("capstan-demo", into: "input[type=\"password\"]")
        try browser.click("main form button.primary")
    }

    private func film(_ seconds: Int, in folder: TemporaryFolder) throws -> String {
        let path = "\(folder.path)/film\(seconds).mp4"
        try Program.run([
            "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=360x640:r=24:d=\(seconds)", "-c:v",
            "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path,
        ])
        return path
    }

    private func withDemo(_ body: (String, TemporaryFolder) throws -> Void) throws {
        let site = try Site(.sqlite)
        try site.server.start()
        try body("http://127.0.0.1:\(site.server.port)", try TemporaryFolder())
        #expect(try site.server.terminate() == 0)
        #expect(try Books.problems(in: site.database) == [])
    }

    @Test func `a creator is told at once what does not fit, sends a clip, and a moderator approves it by keyboard`()
        throws
    {
        try withDemo { address, folder in
            let browser = try Browser(site: address)
            try signIn("creator@example.com", browser, to: "/tournament/upload")
            try browser.wait("h1") { $0 == "Upload a clip" }
            #expect(try browser.text(".upload-clock [data-digits]")?.isEmpty == false)
            #expect(try browser.count("nav a[href=\"/tournament/desk/clips\"]") == 0)
            try browser.type(try film(12, in: folder), into: "#file")
            try browser.wait("[data-file-note]") { $0.contains("12.0 seconds; at most 8.5") }
            #expect(try browser.attribute("disabled", of: "[data-send]") == "true")
            try browser.type(try film(3, in: folder), into: "#file")
            try browser.wait("[data-file-note]") { $0.contains("3.0 seconds") && $0.contains("fits") }
            try browser.type("Seen by a browser", into: "#title")
            try browser.click("[data-send]")
            try browser.wait(".flash") { $0.contains("Your clip has arrived.") }
            // The page looks again by itself until the clip is ready.
            try browser.wait("[data-state]", for: .seconds(60)) { $0 == "waits for review" }
            #expect(try browser.complaints() == [])

            let desk = try Browser(site: address)
            try signIn("moderator@example.com", desk, to: "/tournament/desk/clips")
            try desk.wait("h1") { $0 == "Upload queue" }
            #expect(try desk.text("[data-clip] h2") == "Seen by a browser")
            #expect(try desk.value("document.activeElement.matches('[data-clip]')") as? Bool == true)
            try eventually("the film to play", every: .milliseconds(200)) {
                try desk.value("document.querySelector('[data-clip] video').currentTime > 0.2") as? Bool == true
            }
            try desk.press("a")
            try desk.wait(".flash") { $0 == "The clip is in the running." }
            #expect(try desk.text(".empty h2") == "All clips are looked at")
            #expect(try desk.complaints() == [])
        }
    }

    @Test func `without script a clip is sent by form, and its page goes on by itself`() throws {
        try withDemo { address, folder in
            let browser = try Browser(site: address, hasScript: false)
            try signIn("creator@example.com", browser, to: "/tournament/upload")
            try browser.wait("h1") { $0 == "Upload a clip" }
            try browser.type("Sent by form", into: "#title")
            try browser.type(try film(2, in: folder), into: "#file")
            try browser.click("[data-send]")
            try browser.wait(".flash") { $0.contains("Your clip has arrived.") }
            try browser.wait("[data-state]", for: .seconds(60)) { $0 == "waits for review" }
            #expect(try browser.complaints() == [])
        }
    }

    @Test(arguments: ["/tournament/upload", "/tournament/upload/mine", "/tournament/desk/clips"])
    func `a page of uploads fits a phone and can be walked through with the keyboard`(path: String) throws {
        try withDemo { address, _ in
            let browser = try Browser(site: address, width: 500, height: 844)
            try signIn("moderator@example.com", browser, to: path)
            try eventually("the page") { try browser.path() == path }
            #expect(
                try browser.value("document.documentElement.scrollWidth <= innerWidth") as? Bool == true,
                "\(path) is wider than the screen")
            #expect(try browser.complaints() == [])
        }
    }
}
