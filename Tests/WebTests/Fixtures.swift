import Base
import Telemetry
import Web

struct Ballot: Input {
    enum Kind: String, CaseIterable, Decodable { case up, down }

    var clip: ID<Base.Device>
    var kind: Kind
    var weight: Int
    var note: String?
    var tags: [String]

    static let fields: [Field] = [
        .path("clip", .id, "The clip."),
        .query("kind", optional: .choice(Kind.self), default: "up"),
        .body("weight", .integer(1...5)),
        .body("note", optional: .text(1...10)),
        .body("tags", optional: .list(.text(1...3), 0...2), default: []),
    ]
}

struct Receipt: Output {
    var clip: ID<Base.Device>
    var kind: String
    var weight: Int
    var note: String?
    var tags: [String]

    static let shape = Shape.object([
        .body("clip", .id), .body("kind", .text), .body("weight", .integer), .body("note", optional: .text),
        .body("tags", .list(.text)),
    ])
}

struct Greeting: Output {
    var text: String

    static let shape = Shape.object([.body("text", .text)])
}

struct Echo: Input {
    var text: String

    static let fields: [Field] = [.body("text", .text(0...100_000))]
}

struct Repeat: Input {
    var count: Int

    static let fields: [Field] = [.query("count", .integer(0...1_000_000))]
}

enum Fixtures {
    static let free = RouteLimit.exempt(because: "a test")

    static let hello = Route(
        .get, "/hello", "test.hello", "Greets.", policy: .anyone, limit: free, budget: 0,
        cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30))
    ) { (_: Request<NoInput>) in Greeting(text: "hello") }

    static let vote = Route(
        .post, "/votes/{clip}", "test.vote", "Votes.", policy: .voter, limit: free, budget: 0, status: 201,
        failures: [Failure("test.full", 409, "Nothing is left.")]
    ) { (request: Request<Ballot>) in
        let input = request.input
        if input.weight == 5 { throw Problem("test.full", "Nothing is left.", members: [.init("left", 0)]) }
        return Receipt(
            clip: input.clip, kind: input.kind.rawValue, weight: input.weight, note: input.note, tags: input.tags)
    }

    static let voter = Route(
        .get, "/voter", "test.voter", "Who votes.", policy: .voter, limit: free, budget: 0
    ) { (request: Request<NoInput>) in Greeting(text: "\(try request.voter().id)") }

    static let me = Route(
        .get, "/me", "test.me", "Who is signed in.", policy: .signedIn, limit: free, budget: 0
    ) { (request: Request<NoInput>) in Greeting(text: "\(try request.person())") }

    static let desk = Route(
        .get, "/desk", "test.desk", "For moderators.", policy: .role(.moderator), limit: free, budget: 0
    ) { (_: Request<NoInput>) in NoContent() }

    static let repeated = Route(
        .get, "/repeat", "test.repeat", "Repeats.", policy: .anyone, limit: free, budget: 0,
        cache: .privateRevalidate
    ) { (request: Request<Repeat>) in Greeting(text: String(repeating: "a", count: request.input.count)) }

    static let echo = Route(
        .post, "/echo", "test.echo", "Echoes.", policy: .anyone, limit: free, budget: 0, bodyLimit: .kibibytes(4)
    ) { (request: Request<Echo>) in Greeting(text: request.input.text) }

    static let form = Route(
        .post, "/form", "test.form", "Takes a form.", policy: .voter, limit: free, budget: 0, accepts: .jsonOrForm
    ) { (request: Request<Echo>) in Redirect(to: "/done") }

    static let token = Route(
        .get, "/token", "test.token", "Shows a form token.", policy: .voter, limit: free, budget: 0
    ) { (request: Request<NoInput>) in Greeting(text: request.formToken) }

    static let broken = Route(
        .get, "/broken", "test.broken", "Fails.", policy: .anyone, limit: free, budget: 0
    ) { (_: Request<NoInput>) -> Greeting in throw Unexpected(secret: "hunter2") }

    static let costly = Route(
        .get, "/costly", "test.costly", "Sends statements.", policy: .anyone, limit: free, budget: 1
    ) { (_: Request<NoInput>) in
        Cost.current?.add(2, to: .statements)
        return Greeting(text: "two")
    }

    static let all = [hello, vote, voter, me, desk, repeated, echo, form, token, broken, costly]

    struct Unexpected: Error { var secret: String }
}
