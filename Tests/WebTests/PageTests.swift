import Base
import BaseTestKit
import Foundation
import Testing
import Web
import WebTestKit

@Suite struct PageTests {
    /// Writes the files of two bundles into a folder that ends with the test.
    private func withPages(
        _ templates: [String: String] = [:], _ body: (Pages) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("pages-\(ID<Pages>(at: SystemClock().now(), using: SystemRandomness()))")
        defer {
            // A folder that cannot be removed is the machine's to clean.
            try? FileManager.default.removeItem(at: folder)
        }
        var files = [
            "web/templates/layout.mustache":
                "<title>{{title}}</title>{{#stylesheets}}<link href=\"{{#asset}}{{.}}{{/asset}}\">{{/stylesheets}}"
                + "<img src=\"{{#asset}}web/mark.svg{{/asset}}\">{{#site.navigation}}<a href=\"{{href}}\"{{#isCurrent}} "
                + "aria-current=\"page\"{{/isCurrent}}>{{label}}</a>{{/site.navigation}}{{#site.person}}me{{/site.person}}"
                + "<main>{{{content}}}</main>",
            "web/templates/problem.mustache": "<h1>{{status}} {{heading}}</h1><p>{{detail}}</p>",
            "web/assets/mark.svg": "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "shop/templates/list.mustache":
                "{{#items}}<li>{{name}}</li>{{> shop/note}}{{/items}}<input value=\"{{site.formToken}}\">",
            "shop/templates/note.mustache": "<i>{{note}}</i>",
            "shop/assets/shop.css": String(repeating: "a { color: red }\n", count: 100),
        ]
        files.merge(templates) { $1 }
        for (path, text) in files {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let chrome = SiteChrome(
            name: "Test", navigation: [.init(href: "/list", label: "List"), .init(href: "/other", label: "Other")],
            signInPath: "/sign-in")
        try await body(
            try Pages(
                [
                    PageBundle("web", folder: folder.appendingPathComponent("web")),
                    PageBundle("shop", folder: folder.appendingPathComponent("shop")),
                ], chrome: chrome, clock: SimClock()))
    }

    private struct Item: Sendable {
        var name: String
        var note: String?
    }

    private static let list = Route(
        .get, "/list", "shop.list", "Lists.", policy: .voter, limit: Fixtures.free, budget: 0
    ) { (_: Request<NoInput>) in
        let items = [Item(name: "<b>bold</b>", note: "first"), Item(name: "plain")]
        return HTMLPage("A & B", template: "shop/list", model: ["items": items], stylesheets: ["shop/shop.css"])
    }

    private static let shared = Route(
        .get, "/shared", "shop.shared", "Is the same for all.", policy: .anyone, limit: Fixtures.free, budget: 0,
        cache: .publicFor(.seconds(5), staleWhileRevalidate: .zero)
    ) { (request: Request<NoInput>) in
        try HTMLPage("Shared", template: "shop/list", model: ["items": [Item]()]).ready(in: request.context)
    }

    private static let scripted = Route(
        .get, "/scripted", "shop.scripted", "Runs.", policy: .voter, limit: Fixtures.free, budget: 0
    ) { (_: Request<NoInput>) in
        HTMLPage("Scripted", template: "shop/note", model: ["note": "hi"], scripts: ["shop/shop.js"])
    }

    private func site(_ pages: Pages) async throws -> TestSite {
        try await TestSite([Self.list, Self.shared, Fixtures.me, pages.assets.route], pages: pages)
    }

    @Test func `a page is its template in the layout, escaped, with addresses of assets`() async throws {
        try await withPages { pages in
            let test = try await site(pages)
            let answer = try await test.get("/list")
            #expect(answer.status == 200)
            #expect(answer["content-type"] == "text/html; charset=utf-8")
            #expect(answer.text.contains("<title>A &amp; B</title>"))
            #expect(answer.text.contains("<li>&lt;b&gt;bold&lt;/b&gt;</li><i>first</i><li>plain</li><i></i>"))
            #expect(answer.text.contains("<a href=\"/list\" aria-current=\"page\">List</a><a href=\"/other\">"))
            #expect(!answer.text.contains("<input value=\"\">"))
            let policy = try #require(answer["content-security-policy"])
            #expect(policy.contains("script-src 'self'"))
            #expect(!policy.contains("unsafe"))
            let address = try #require(pages.assets.address(of: "shop/shop.css"))
            #expect(answer.text.contains("<link href=\"\(address)\">"))
        }
    }

    @Test func `pages admit pictures, films and uploads of the origins that the site names, and of no others`()
        async throws
    {
        try await withPages { pages in
            var settings = SiteSettings()
            settings.filesOrigin = "https://cdn.example.com"
            settings.uploadOrigin = "https://store.example.com"
            let named = try await TestSite([Self.list, pages.assets.route], settings: settings, pages: pages)
            func policy(_ site: TestSite, _ path: String) async throws -> [String] {
                try await site.get(path)["content-security-policy"]?.components(separatedBy: "; ") ?? []
            }
            let page = try await policy(named, "/list")
            #expect(page.contains("img-src 'self' data: blob: https://cdn.example.com"))
            #expect(page.contains("media-src 'self' blob: https://cdn.example.com"))
            #expect(page.contains("connect-src 'self' https://store.example.com"))
            #expect(page.filter { $0.contains("https:") }.count == 3)
            #expect(try await policy(site(pages), "/list").allSatisfy { !$0.contains("https:") })
            let asset = try #require(pages.assets.address(of: "shop/shop.css"))
            #expect(try await policy(named, asset) == ["default-src 'none'", "frame-ancestors 'none'"])
        }
    }

    @Test func `an asset is kept for a year under its hash, and compressed`() async throws {
        try await withPages { pages in
            let test = try await site(pages)
            let address = try #require(pages.assets.address(of: "shop/shop.css"))
            let answer = try await test.get(address, headers: [("accept-encoding", "gzip"), ("accept", "text/css")])
            #expect(answer.status == 200)
            #expect(answer["cache-control"] == "public, max-age=31536000, immutable")
            #expect(answer["content-type"] == "text/css; charset=utf-8")
            #expect(answer["content-encoding"] == "gzip")
            let plain = try await test.get("/assets/shop/shop.css")
            #expect(plain["cache-control"] == "public, max-age=60")
            #expect(try await test.get("/assets/shop/../secret").status == 404)
            #expect(try await test.get("/assets/shop/none.css").status == 404)
        }
    }

    @Test func `scripts name each other by their hashed addresses, and a page names all that it loads at first`()
        async throws
    {
        let scripts = [
            "web/templates/layout.mustache":
                "{{#preloads}}<link href=\"{{#asset}}{{.}}{{/asset}}\">{{/preloads}}"
                + "{{#scripts}}<script src=\"{{#asset}}{{.}}{{/asset}}\"></script>{{/scripts}}",
            "web/assets/capstan.js": "export const say = 1;\n",
            "shop/assets/shop.js":
                "import { say } from \"../web/capstan.js\";\nimport { price } from \"./prices.js\";\n"
                + "const late = () => import(\"./late.js\");\nconst from = \"./prices.js?\";\n",
            "shop/assets/prices.js": "import \"./money.js\";\nexport const price = 2;\n",
            "shop/assets/money.js": "export const euro = 3;\n",
            "shop/assets/late.js": "export const late = 4;\n",
        ]
        try await withPages(scripts) { pages in
            let test = try await TestSite([Self.scripted, pages.assets.route], pages: pages)
            func address(_ name: String) throws -> String { try #require(pages.assets.address(of: name)) }
            let text = try await test.get(try address("shop/shop.js")).text
            #expect(text.contains("from \"\(try address("web/capstan.js"))\""))
            #expect(text.contains("from \"\(try address("shop/prices.js"))\""))
            #expect(text.contains("import(\"\(try address("shop/late.js"))\")"))
            #expect(text.contains("const from = \"./prices.js?\""), "what is no name of a module stays")
            #expect(try await test.get("/assets/shop/shop.js").text == text)
            let loaded = pages.assets.modules(for: ["shop/shop.js"])
            #expect(loaded == ["web/capstan.js", "shop/prices.js", "shop/money.js"])
            let page = try await test.get("/scripted").text
            for name in ["shop/prices.js", "shop/money.js"] {
                #expect(page.contains("<link href=\"\(try address(name))\">"), "\(page)")
            }
            // The layout names it by itself.
            #expect(!page.contains("<link href=\"\(try address("web/capstan.js"))\">"))
            #expect(!page.contains("late"), "what is asked for later is not loaded at first")
        }
    }

    @Test func `a change in a module changes the address of every module that imports it`() async throws {
        func addresses(_ money: String) async throws -> [String] {
            var found: [String] = []
            let scripts = [
                "shop/assets/shop.js": "import \"./prices.js\";\n",
                "shop/assets/prices.js": "import \"./money.js\";\n", "shop/assets/money.js": money,
            ]
            try await withPages(scripts) { pages in
                found = ["shop", "prices", "money"].compactMap { pages.assets.address(of: "shop/\($0).js") }
            }
            return found
        }
        let before = try await addresses("export const euro = 3;\n")
        let after = try await addresses("export const euro = 4;\n")
        #expect(before.count == 3 && zip(before, after).allSatisfy { $0 != $1 })
    }

    @Test func `a script that imports what does not exist, or itself by a detour, ends the start`() async throws {
        for scripts in [
            ["shop/assets/shop.js": "import { gone } from \"./gone.js\";\n"],
            [
                "shop/assets/a.js": "import \"./b.js\";\n",
                "shop/assets/b.js": "const a = () => import(\"./a.js\");\n",
            ],
        ] {
            await #expect {
                try await withPages(scripts) { _ in }
            } throws: { error in
                (error as? WebError)?.code == .invalidResource
            }
        }
    }

    @Test func `a shared page does not show who asked first`() async throws {
        try await withPages { pages in
            let test = try await site(pages)
            let answer = try await test.get("/shared", headers: [try await test.session(of: test.newID())])
            #expect(answer.text.contains("<main><input value=\"\"></main>"))
            #expect(!answer.text.contains(">me<"))
            #expect(answer["cache-control"] == "public, max-age=5")
            let list = try await test.get("/list", headers: [try await test.session(of: test.newID())])
            #expect(list.text.contains("me<main>"))
        }
    }

    @Test func `a browser sees its errors as pages, a program as problems`() async throws {
        try await withPages { pages in
            let test = try await site(pages)
            let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]
            let page = try await test.get("/nowhere", headers: browser)
            #expect(page.status == 404)
            #expect(page["content-type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("<h1>404 Not Found</h1><p>Nothing is served at this address.</p>"))
            #expect(try await test.get("/me", headers: browser).status == 401)
            #expect(try await test.get("/nowhere").problemCode == "web.notFound")
        }
    }

    @Test func `a browser that must sign in first is led to the door and back`() async throws {
        let account = Route(
            .get, "/account", "shop.account", "Is personal.", policy: .signedIn, limit: Fixtures.free, budget: 0
        ) { (_: Request<NoInput>) in HTMLPage("Account", template: "shop/note", model: ["note": "yours"]) }
        try await withPages { pages in
            let test = try await TestSite([account], pages: pages)
            let answer = try await test.get("/account?tab=1&x=ü", headers: [("accept", "text/html")])
            #expect(answer.status == 303)
            #expect(answer["location"] == "/sign-in?next=%2Faccount%3Ftab%3D1%26x%3D%C3%BC")
            let person = try await test.session(of: test.newID())
            #expect(try await test.get("/account", headers: [("accept", "text/html"), person]).status == 200)
        }
    }

    @Test func `what a template lacks is found at start`() async throws {
        for broken in ["{{> shop/none}}", "{{#asset}}shop/none.css{{/asset}}", "{{#open}}"] {
            await #expect(throws: WebError.self) {
                try await withPages(["shop/templates/broken.mustache": broken]) { _ in }
            }
        }
    }
}
