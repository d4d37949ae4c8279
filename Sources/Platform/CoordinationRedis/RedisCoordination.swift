public import Coordination

extension CoordinationServices {
    /// What nodes share through Redis or Valkey.
    ///
    /// Nothing has to run for it: connections live on event loops.
    public static func redis(_ client: RedisClient) -> CoordinationServices {
        let bus = RedisBus(client)
        return CoordinationServices(
            bus: bus, cache: RedisSharedCache(client), bank: RedisTokenBank(client),
            status: { bus.status(beside: client.status) },
            shutdown: {
                bus.shutdown()
                await client.shutdown()
            })
    }
}
