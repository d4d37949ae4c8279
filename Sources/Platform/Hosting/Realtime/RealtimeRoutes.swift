import Base
public import Realtime
public import Web

/// Where browsers and programs listen to topics: a socket, and a stream of events with the same messages for those that
/// cannot have one.
///
/// Both take the connection out of HTTP's hands: no task stays with it.
public struct RealtimeRoutes: Sendable {
    private let realtime: Realtime

    private let limit: RouteLimit

    /// Takes the topics that are listened to.
    ///
    /// - Parameters:
    ///   - realtime: the topics.
    ///   - opensPerMinute: connections that one group of addresses may open in a minute. Defaults to 600; at least 1.
    public init(realtime: Realtime, opensPerMinute: Int = 600) {
        self.realtime = realtime
        limit = .per(.address, "realtime.open", opensPerMinute)
    }

    struct Topics: Input {
        var topics: String
        var from: String?

        static let fields: [Field] = [
            .query("topics", .text(1...1_700), "1 to 8 names of topics, separated by commas."),
            .query(
                "from", optional: .text(1...400), "As Last-Event-ID, which comes first: how far the reader has come."),
        ]
    }

    private static let failures = [
        Failure(RealtimeError.Code.tooManyConnections.rawValue, 429, "As many connections are open as one may have."),
        Failure(RealtimeError.Code.tenantFull.rawValue, 503, "As many connections are open as a tenant may have."),
    ]
    /// What the rules of a stream's topics may look up.
    private static let rulesBudget: StatementBudget = 16

    /// The two addresses.
    public var routes: [Route] { [socket, events] }

    private var socket: Route {
        Route(
            .get, "/api/realtime/socket", "realtime.openSocket",
            "Opens a WebSocket on which topics are listened to by commands.", policy: .anyone, limit: limit,
            budget: 0, status: 101,
            failures: Self.failures + [
                Failure(RealtimeError.Code.notASocket.rawValue, 400, "The request does not open a WebSocket."),
                Failure(RealtimeError.Code.foreignOrigin.rawValue, 403, "The page is another site's."),
            ]
        ) { [realtime] (request: Request<NoInput>) in
            let context = request.context
            let visitor = TopicVisitor(context)
            do throws(RealtimeError) {
                let headers = try SocketHandshake.answer(host: context.header("host") ?? "", header: context.header)
                if let refusal = realtime.refusal(of: visitor) { throw refusal }
                return SocketTakeover(headers: headers) { channel, position in
                    try realtime.openSocket(for: visitor, on: channel, at: position)
                }
            } catch {
                throw Problem(error)
            }
        }
    }

    private var events: Route {
        Route(
            .get, "/api/realtime/events", "realtime.streamEvents",
            "Streams the messages of topics as server-sent events; Last-Event-ID says how far the reader has come.",
            policy: .anyone, limit: limit, budget: Self.rulesBudget,
            failures: Self.failures + [
                Failure(RealtimeError.Code.malformedCommand.rawValue, 400, "The names of the topics cannot be read."),
                Failure(RealtimeError.Code.forbidden.rawValue, 403, "A topic is not open to who asks."),
                Failure(RealtimeError.Code.unknownTopic.rawValue, 404, "There is no such topic."),
            ]
        ) { [realtime] (request: Request<Topics>) in
            var visitor = TopicVisitor(request.context)
            let topics: EventTopics
            do throws(RealtimeError) {
                topics = try EventTopics(request.input.topics, lastEventID: request.lastEventID ?? request.input.from)
                if visitor.person == nil, visitor.device == nil, let seat = realtime.seat(of: topics) {
                    visitor = TopicVisitor(tenant: visitor.tenant, seat: seat)
                }
                if let refusal = realtime.refusal(of: visitor) { throw refusal }
            } catch {
                throw Problem(error)
            }
            if let refusal = try await realtime.refusal(of: visitor, to: topics) { throw Problem(refusal) }
            return EventTakeover { [visitor] channel, position in
                try realtime.openEvents(for: visitor, topics, on: channel, at: position)
            }
        }
    }
}

extension TopicVisitor {
    /// Who a request comes from.
    init(_ context: RequestContext) {
        let principal = context.principal
        self.init(
            tenant: principal.tenant, person: principal.person, device: principal.device,
            role: principal.role?.rawValue, sessionVersion: principal.sessionVersion,
            seat: principal.person?.cast(to: ID<TopicSeat>.self) ?? principal.device?.cast(to: ID<TopicSeat>.self)
                ?? context.clientAddress.group.id.cast(to: ID<TopicSeat>.self))
    }

    /// Whether the person's role is at least this one.
    public func has(_ role: Role) -> Bool { self.role.flatMap(Role.init(rawValue:)).map { $0 >= role } ?? false }
}

extension Problem {
    init(_ error: RealtimeError) {
        self.init(error.code.rawValue, error.message, retryAfter: error.retryAfter)
    }
}
