import Foundation
import Testing

/// Uploads and reviews as people do them, in Debian's chromium.
@Suite(.serialized) struct UploadBrowserTests {
    private func film(_ seconds: Int, in folder: TemporaryFolder) throws -> String {
        let path = "\(folder.path)/film\(seconds).mp4"
        try Program.run([
            "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=360x640:r=24:d=\(seconds)", "-c:v",
            "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path,
        ])
        return path
    }

    /// The player takes the large rendition on a wide screen, the small one on a narrow one and where data is saved.
    private func expectRenditions(of title: String, _ browser: Browser, at address: String) throws {
        try browser.open("/tournament/upload/mine")
        try browser.click(".own-clip h2 a")
        try browser.wait("h1") { $0 == title }
        let page = try browser.path()
        let source = "document.querySelector('video.film').currentSrc"
        func sources() throws -> [String] {
            try browser.value("[...document.querySelectorAll('video.film source')].map((part) => part.src)")
                as? [String] ?? []
        }
        let both = try sources()
        #expect(both.count == 2 && both.first != both.last)
        try eventually("the large film") { try browser.value(source) as? String == both.first }
        try browser.show(Look(theme: "light", width: 390, height: 844))
        try browser.open(page)
        try eventually("the small film") { try browser.value(source) as? String == both.last }
        try browser.show(Look(theme: "light", width: 1_280, height: 900))
        try browser.saveData()
        try browser.open(page)
        try eventually("the small film, to save data") { try browser.value(source) as? String == both.last }
        #expect(try sources() == [both.last])
        #expect(try browser.complaints() == [])
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
            try browser.signIn("creator@example.com", to: "/tournament/upload")
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
            try desk.signIn("moderator@example.com", to: "/tournament/desk/clips")
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
            try expectRenditions(of: "Seen by a browser", browser, at: address)
        }
    }

    @Test func `without script a clip is sent by form, and its page goes on by itself`() throws {
        try withDemo { address, folder in
            let browser = try Browser(site: address, hasScript: false)
            try browser.signIn("creator@example.com", to: "/tournament/upload")
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
            try browser.signIn("moderator@example.com", to: path)
            #expect(
                try browser.value("document.documentElement.scrollWidth <= innerWidth") as? Bool == true,
                "\(path) is wider than the screen")
            #expect(try browser.complaints() == [])
        }
    }
}
