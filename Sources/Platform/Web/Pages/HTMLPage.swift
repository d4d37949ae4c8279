import NIOCore

/// A page: a template and the values it shows, put into the layout.
///
/// Values are dictionaries, arrays, structs, text and numbers; everything is escaped. `nil` and empty lists hide
/// sections. The template sees the page's own values first, then `site` and what the layout needs.
public struct HTMLPage: Answerable {
    /// A sentence at the top of the page about what was just done.
    public struct Flash: Sendable {
        /// How it is meant.
        public enum Kind: String, Sendable { case good, bad, info }

        let kind: Kind
        let text: String

        /// Says something.
        public init(_ kind: Kind, _ text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// A page.
    public static let content = Content.html

    /// The title.
    public var title: String
    /// The template, as in `tournament/feed`.
    public var template: String
    /// What the template shows.
    public var model: any Sendable
    /// A sentence for search engines and previews.
    public var description: String?
    /// Stylesheets beside the design system, as in `tournament/tournament.css`.
    public var stylesheets: [String]
    /// Script modules beside the platform's, as in `tournament/feed.js`.
    public var scripts: [String]
    /// The class of `body`.
    public var bodyClass = ""
    /// The class of `main`.
    public var mainClass = ""
    /// A sentence at the top.
    public var flash: Flash?
    /// The status; the route's own when `nil`.
    public var status: Int?
    /// Cookies to be kept.
    public var cookies: [Cookie] = []
    /// The one other site whose script and frame this page may load, as in `https://challenges.example`.
    ///
    /// Defaults to none: every other page keeps the policy that loads nothing from elsewhere.
    public var foreignOrigin: ForeignOrigin?
    /// In which frames of other sites the page may stand, and whether it holds frames of ours; nothing of it by default.
    public var framing = Framing.none
    /// Whether the page stands alone: in the layout `web/bare`, without the site's head, navigation and foot.
    public var isBare = false

    /// Makes a page.
    ///
    /// - Parameters:
    ///   - title: the title.
    ///   - template: the template, as in `tournament/feed`.
    ///   - model: what the template shows.
    ///   - description: a sentence for search engines and previews. Defaults to none.
    ///   - stylesheets: stylesheets beside the design system. Defaults to none.
    ///   - scripts: script modules beside the platform's. Defaults to none.
    public init(
        _ title: String, template: String, model: any Sendable, description: String? = nil, stylesheets: [String] = [],
        scripts: [String] = []
    ) {
        self.title = title
        self.template = template
        self.model = model
        self.description = description
        self.stylesheets = stylesheets
        self.scripts = scripts
    }

    /// The page as HTML.
    public func answer(in context: RequestContext) throws -> Answer {
        var answer = Answer(body: .bytes(try html(in: context)))
        answer.status = status
        answer.cookies = cookies
        answer.foreignOrigin = foreignOrigin?.text
        answer.framing = framing
        return answer
    }

    /// The page as bytes that can be kept and sent many times; only for routes whose answers are the same for all.
    public func ready(in context: RequestContext) throws -> ReadyPage {
        precondition(
            context.route.cache.isPublic, "a page of \(context.route.name) shows who asked and cannot be shared")
        return ReadyPage(ReadyBytes(try html(in: context)))
    }

    private func html(in context: RequestContext) throws(WebError) -> ByteBuffer {
        guard let pages = context.site.pages else {
            throw WebError(.invalidResource, "The site was made without pages, yet \(template) is to be shown.")
        }
        return ByteBuffer(string: try pages.render(self, in: context))
    }
}

/// A page of which the bytes were made once.
public struct ReadyPage: Answerable {
    /// A page.
    public static let content = Content.html

    /// The bytes, compressed bytes and validator.
    public let bytes: ReadyBytes

    /// Takes the bytes of a page.
    public init(_ bytes: ReadyBytes) { self.bytes = bytes }

    /// The bytes as they are.
    public func answer(in context: RequestContext) -> Answer { Answer(body: .ready(bytes)) }
}

/// A site that a page may load a script and a frame from: scheme and host, written in the source code.
public struct ForeignOrigin: Sendable, Hashable {
    let text: String

    /// Names an origin, as in `https://challenges.example`; anything else is a programmer's error.
    public init(_ text: StaticString) {
        let text = text.description
        let host = text.dropFirst("https://".count)
        precondition(
            text.hasPrefix("https://") && !host.isEmpty
                && host.utf8.allSatisfy {
                    $0 == 0x2D || $0 == 0x2E || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
                },
            "\(text) is no origin of the form https://host")
        self.text = text
    }
}
