import Foundation

/// A real browser, Debian's chromium, driven over WebDriver.
///
/// What its console says is kept: a test that ends with ``complaints`` empty has seen no script error, no violation of
/// the content security policy and nothing that failed to load.
final class Browser {
    private let driver: Program
    private let port: UInt16
    private let folder: TemporaryFolder
    private let session: String
    private let site: String

    /// A finished command.
    private struct Reply: Decodable {
        struct Value: Decodable {
            var sessionId: String?
            var ready: Bool?
            var error: String?
            var message: String?
        }

        var value: Value
    }

    /// Starts a browser with an empty profile.
    ///
    /// - Parameters:
    ///   - site: the address that paths are put behind, as in `http://127.0.0.1:8080`.
    ///   - hasScript: whether pages may run scripts. Defaults to yes.
    ///   - width: of the window, in pixels. Defaults to 1280.
    ///   - height: of the window, in pixels. Defaults to 900.
    /// - Throws: `Broken` when the browser cannot be started.
    init(site: String, hasScript: Bool = true, width: Int = 1_280, height: Int = 900) throws {
        self.site = site
        folder = try TemporaryFolder()
        port = try HTTPConnection.freePort()
        driver = try Program(
            ["chromedriver", "--port=\(port)", "--log-level=WARNING"], environment: ["TMPDIR": folder.path],
            log: folder.path + "/driver.log")
        let port = port
        try eventually("chromedriver to be ready") {
            // No connection yet is what is waited for.
            (try? HTTPConnection(port: port).send(.get("/status")))?.status == 200
        }
        let options: [String: Any] = [
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--window-size=\(width),\(height)", "--user-data-dir=\(folder.path)/profile",
                "--autoplay-policy=no-user-gesture-required",
            ],
            "prefs": ["profile.managed_default_content_settings.javascript": hasScript ? 1 : 2],
        ]
        let capabilities: [String: Any] = [
            "capabilities": [
                "alwaysMatch": [
                    "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"],
                ]
            ]
        ]
        let answer = try Self.send("POST", "/session", capabilities, port: port)
        guard let session = try answer.decode(Reply.self).value.sessionId else {
            throw Broken(.failed, "no browser: \(answer)")
        }
        self.session = session
    }

    deinit {
        // A browser that is gone already needs no end.
        _ = try? Self.send("DELETE", "/session/\(session)", nil, port: port)
        driver.signal(SIGTERM)
        // A driver that does not end in time is the machine's to clean.
        _ = try? driver.end(within: .seconds(10))
    }

    private static func send(_ method: String, _ path: String, _ body: [String: Any]?, port: UInt16) throws
        -> HTTPAnswer
    {
        let data = try body.map { try JSONSerialization.data(withJSONObject: $0) } ?? Data()
        let request = HTTPRequest(
            method, path, headers: [("Host", "127.0.0.1:\(port)"), ("Content-Type", "application/json")],
            body: Array(data))
        return try HTTPConnection(port: port, timeout: .seconds(60)).send(request)
    }

    @discardableResult
    func command(_ method: String, _ path: String, _ body: [String: Any]? = nil) throws -> Any? {
        let answer = try Self.send(method, "/session/\(session)" + path, body, port: port)
        let value = try (JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])?["value"]
        guard answer.status == 200 else {
            // The page has moved on between the finding of an element and the question about it.
            let isStale = (value as? [String: Any])?["error"] as? String == "stale element reference"
            throw Broken(isStale ? .stale : .failed, "\(method) \(path): \(answer)")
        }
        return value
    }

    // MARK: What a person does

    /// Goes to a path of the site.
    func open(_ path: String) throws { try command("POST", "/url", ["url": site + path]) }

    /// Looks from now on into the frame that a CSS selector finds first, until another page is opened.
    func enterFrame(_ selector: String) throws {
        try command("POST", "/frame", ["id": ["element-6066-11e4-a52e-4f735466cecf": try element(selector)]])
    }

    /// Clicks what a CSS selector finds first.
    func click(_ selector: String) throws { try command("POST", "/element/\(try element(selector))/click", [:]) }

    /// Fills in what a CSS selector finds first.
    func type(_ text: String, into selector: String) throws {
        try command("POST", "/element/\(try element(selector))/value", ["text": text])
    }

    /// Presses a key: a character, or one of WebDriver's private code points; while others are held where some are named.
    func press(_ key: String, holding held: [String] = []) throws {
        let down = (held + [key]).map { ["type": "keyDown", "value": $0] }
        let actions: [[String: Any]] = down + down.reversed().map { ["type": "keyUp", "value": $0["value"] ?? ""] }
        try command(
            "POST", "/actions", ["actions": [["type": "key", "id": "keyboard", "actions": actions] as [String: Any]]])
    }

    /// Drags what a CSS selector finds first onto what another one finds.
    func drag(_ selector: String, onto target: String) throws {
        func move(_ selector: String) throws -> [String: Any] {
            let origin = ["element-6066-11e4-a52e-4f735466cecf": try element(selector)]
            return ["type": "pointerMove", "duration": 200, "x": 0, "y": 0, "origin": origin]
        }
        let button: (String) -> [String: Any] = { ["type": $0, "button": 0] }
        let actions = [
            try move(selector), button("pointerDown"), try move(target), try move(target), button("pointerUp"),
        ]
        try command(
            "POST", "/actions",
            [
                "actions": [
                    ["type": "pointer", "id": "mouse", "parameters": ["pointerType": "mouse"], "actions": actions]
                        as [String: Any]
                ]
            ])
    }

    /// Cuts the browser's network, or gives it back.
    func connect(_ isConnected: Bool) throws {
        let conditions: [String: Any] = [
            "offline": !isConnected, "latency": 0, "download_throughput": 100_000_000, "upload_throughput": 100_000_000,
        ]
        try command("POST", "/chromium/network_conditions", ["network_conditions": conditions])
    }

    static let arrowDown = "\u{E015}"
    static let arrowRight = "\u{E014}"
    static let alt = "\u{E00A}"
    static let tab = "\u{E004}"

    private func element(_ selector: String) throws -> String {
        let found = try command("POST", "/element", ["using": "css selector", "value": selector]) as? [String: Any]
        guard let id = found?.values.first as? String else { throw Broken(.malformed, "no element \(selector)") }
        return id
    }

    // MARK: What a person sees

    /// The text of what a CSS selector finds first; nil when there is nothing, or it is hidden, or was just replaced.
    func text(_ selector: String) throws -> String? {
        let all = try command("POST", "/elements", ["using": "css selector", "value": selector]) as? [[String: Any]]
        guard let id = all?.first?.values.first as? String else { return nil }
        do {
            guard try command("GET", "/element/\(id)/displayed") as? Bool == true else { return nil }
            return try command("GET", "/element/\(id)/text") as? String
        } catch let broken as Broken where broken.kind == .stale {
            return nil
        }
    }

    /// How many elements a CSS selector finds.
    func count(_ selector: String) throws -> Int {
        (try command("POST", "/elements", ["using": "css selector", "value": selector]) as? [Any])?.count ?? 0
    }

    /// An attribute of what a CSS selector finds first.
    func attribute(_ name: String, of selector: String) throws -> String? {
        try command("GET", "/element/\(try element(selector))/attribute/\(name)") as? String
    }

    /// The path and query of the page.
    func path() throws -> String {
        let address = try command("GET", "/url") as? String ?? ""
        return address.hasPrefix(site) ? String(address.dropFirst(site.count)) : address
    }

    /// What an expression of JavaScript gives, asked from outside of the page's own policy.
    func value(_ expression: String) throws -> Any? {
        try command("POST", "/execute/sync", ["script": "return " + expression, "args": [Any]()])
    }

    /// Waits until what a CSS selector finds first shows a text that `isRight`.
    func wait(
        _ selector: String, for timeout: Duration = .seconds(20), until isRight: (String) -> Bool
    ) throws {
        var last: String?
        do {
            try eventually("\(selector)", for: timeout, every: .milliseconds(100)) {
                last = try text(selector)
                return last.map(isRight) ?? false
            }
        } catch let broken as Broken {
            let page = try text("body") ?? ""
            throw Broken(broken.kind, "\(selector) shows \(last ?? "nothing") at \(try path()): \(page.prefix(500))")
        }
    }

    /// Errors and violations that the console told since the last time.
    func complaints() throws -> [String] {
        let entries = try command("POST", "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []
        return entries.compactMap { entry in
            guard let level = entry["level"] as? String, level == "SEVERE" || level == "WARNING" else { return nil }
            return "\(level) \(entry["message"] as? String ?? "")"
        }
    }

    /// A picture of the window.
    func screenshot(to path: String) throws {
        guard let text = try command("GET", "/screenshot") as? String, let data = Data(base64Encoded: text) else {
            throw Broken(.malformed, "no picture")
        }
        try data.write(to: URL(fileURLWithPath: path))
    }
}
