import Telemetry
import Web

/// What balancers and monitors ask: none of it costs a statement.
struct HealthRoutes {
    struct Health: Output {
        var status: String
        var database: String
        var coordination: String

        static let shape = Shape.object([
            .body("status", .choice(["live"] + Readiness.Phase.allCases.map(\.rawValue)), "The process's phase."),
            .body("database", .choice(["available", "unavailable"]), "Whether statements can be sent."),
            .body(
                "coordination", .choice(["shared", "degraded"]),
                "Whether what nodes share is reached, or this process decides for itself."),
        ])
    }

    let readiness: Readiness
    let metrics: MetricRegistry
    let metricsPolicy: AccessPolicy

    var routes: [Route] {
        [
            Route(
                .get, "/health/live", "health.live", "Says that the process runs.", policy: .anyone,
                limit: .exempt(because: "Monitors ask often, and the answer costs nothing."), budget: 0
            ) { [readiness] (_: Request<NoInput>) in Self.health("live", readiness) },
            Route(
                .get, "/health/ready", "health.ready", "Says whether the process should be sent requests.",
                policy: .anyone, limit: .exempt(because: "Balancers ask often, and the answer costs nothing."),
                budget: 0,
                failures: [Failure("hosting.notReady", 503, "The process is starting or draining.")]
            ) { [readiness] (_: Request<NoInput>) in
                guard readiness.isReady else {
                    throw Problem(
                        "hosting.notReady", "The process is \(readiness.phase.rawValue): ask again in a second.",
                        retryAfter: .seconds(1))
                }
                return Self.health(readiness.phase.rawValue, readiness)
            },
            Route(
                .get, "/metrics", "hosting.metrics", "Gives all metrics in the text format of Prometheus.",
                policy: metricsPolicy, limit: .exempt(because: "Monitors ask as often as their operator decides."),
                budget: 0
            ) { [metrics] (_: Request<NoInput>) in
                Bytes(
                    ReadyBytes(metrics.prometheusText().utf8), mediaType: MetricRegistry.prometheusContentType)
            },
        ]
    }

    private static func health(_ status: String, _ readiness: Readiness) -> Health {
        Health(
            status: status, database: readiness.isDatabaseAvailable ? "available" : "unavailable",
            coordination: readiness.isShared ? "shared" : "degraded")
    }
}
