import Foundation
import Synchronization
import Testing

/// Three processes on one PostgreSQL under load: one voter who asks all of them gets what one limit allows.
@Suite struct ThreeNodesTests {
    enum Bounds {
        static let nodes = 3
        /// The limit of reading: so many a minute, as many at once.
        static let limit = 120
        static let time = Duration.seconds(12)
        /// What a node takes ahead and grants on credit: the burst over eight times the nodes.
        static let lot = limit / (8 * nodes)
    }

    @Test(arguments: TwoNodesTests.Carrier.allCases)
    func `a limit holds over three processes, but for the lots that they hold`(
        _ carrier: TwoNodesTests.Carrier
    ) throws {
        let redis = carrier == .redis ? try RedisProcess() : nil
        var sites: [Site] = []
        for number in 0..<Bounds.nodes {
            var environment = [
                "CAPSTAN_NODE_COUNT": "\(Bounds.nodes)", "CAPSTAN_NODE_NAME": "node-\(number)",
                "CAPSTAN_NODE_LANE": "\(number)",
            ]
            environment["CAPSTAN_REDIS_URL"] = redis?.url
            sites.append(try Site(.postgres, database: sites.first?.database, environment: environment))
        }
        for site in sites { try site.server.start() }
        try eventually("all nodes to share") {
            try sites.allSatisfy { try TwoNodesTests.Stage.isShared($0.server) }
        }
        let (voter, _) = try Voter.arrive(try sites[0].server.connect())
        let granted = Atomic(0)
        let refused = Atomic(0)
        let unexpected = Mutex<[String]>([])
        let start = ContinuousClock.now
        let ports = sites.map(\.server.port)
        try onThreads(Bounds.nodes * 2) { index in
            let connection = try HTTPConnection(port: ports[index % Bounds.nodes], timeout: .seconds(30))
            while ContinuousClock.now - start < Bounds.time {
                let answer = try connection.send(voter.request("GET", "/feed"))
                switch answer.status {
                case 200: granted.add(1, ordering: .relaxed)
                case 429: refused.add(1, ordering: .relaxed)
                default: unexpected.withLock { $0.append("\(answer)") }
                }
            }
        }
        let took = (ContinuousClock.now - start) / .seconds(1)
        let allowed = Double(Bounds.limit) + Double(Bounds.limit) * (took + 1) / 60
        let got = granted.load(ordering: .relaxed)
        #expect(unexpected.withLock { $0.first } == nil)
        #expect(Double(got) <= allowed + Double(2 * Bounds.nodes * Bounds.lot), "\(got) of \(allowed) in \(took) s")
        // Each node alone would have granted the whole; with parts that are not shared it would have been 40 each.
        #expect(got >= Bounds.limit - 1, "\(got)")
        #expect(refused.load(ordering: .relaxed) > got, "there was no load")
        withExtendedLifetime(redis) {}
    }
}
