import Foundation

/// What a page is looked at with.
struct Look: Sendable, Hashable, CustomStringConvertible {
    var theme: String
    var width: Int
    var height: Int

    /// A phone and a desk, each by day and by night.
    static let all = ["light", "dark"].flatMap { theme in
        [Look(theme: theme, width: 390, height: 844), Look(theme: theme, width: 1_280, height: 900)]
    }

    var description: String { "\(theme), \(width) pixels" }
}

extension Browser {
    /// Shows pages from now on as somebody sees them who has asked for a theme and for calm, on a screen of this size.
    func show(_ look: Look) throws {
        try devTools(
            "Emulation.setDeviceMetricsOverride",
            ["width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": false])
        try devTools(
            "Emulation.setEmulatedMedia",
            [
                "features": [
                    ["name": "prefers-color-scheme", "value": look.theme],
                    ["name": "prefers-reduced-motion", "value": "reduce"],
                ]
            ])
    }

    /// Tells pages from now on that whoever reads them wants to save data.
    func saveData() throws { try devTools("Emulation.setDataSaverOverride", ["dataSaverEnabled": true]) }

    private func devTools(_ name: String, _ parameters: [String: Any]) throws {
        try command("POST", "/goog/cdp/execute", ["cmd": name, "params": parameters])
    }

    /// Violations of WCAG 2 A and AA and of what is good practice, as axe-core finds them in the page that is open.
    ///
    /// The driver brings axe into the page, so that the page's own policy stays as strict as it is.
    ///
    /// - Parameter axe: the source of axe-core.
    /// - Returns: a line for each element that breaks a rule.
    /// - Throws: `Broken` when axe does not run.
    func violations(_ axe: String) throws -> [String] {
        try command("POST", "/execute/sync", ["script": axe, "args": [Any]()])
        let script = """
            const done = arguments[arguments.length - 1];
            const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
            axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }).then(
                (found) => done(found.violations.flatMap((rule) => rule.nodes.map(
                    (node) => `${rule.id}: ${rule.help}: ${node.target.join(" ")}`))),
                (error) => done([`axe did not finish: ${error}`]));
            """
        guard let found = try command("POST", "/execute/async", ["script": script, "args": [Any]()]) as? [String] else {
            throw Broken(.malformed, "axe gave no list")
        }
        return found
    }

    /// The status that the page came with.
    func status() throws -> Int {
        try value("performance.getEntriesByType('navigation')[0].responseStatus") as? Int ?? -1
    }

    /// Bytes of script that the page has loaded, as the browser reads them.
    func scriptBytes() throws -> Int {
        try value(
            """
            performance.getEntriesByType("resource").filter((part) => /\\.js$/.test(new URL(part.name).pathname))
                .reduce((sum, part) => sum + part.decodedBodySize, 0)
            """.replacing("\n", with: " ")) as? Int ?? -1
    }

    /// Signs in as one of the demo's people.
    func signIn(_ email: String, to path: String) throws {
        try open("/sign-in?next=\(path)")
        try type(email, into: "input[type=\"email\"]")
        try type("capstan-demo", into: "input[type=\"password\"]")
        try click("main form button.primary")
        try eventually("\(path) after the sign-in") { try self.path().hasPrefix(path) }
    }
}
