/// All scripts: each is one step of the server, and touches the keys that it is given, and those that a value names.
///
/// A tag's generation is a random number that stands under the tag; invalidating removes it, and whoever needs it next
/// makes another. So a server that forgets a tag, for want of room or in a restart, invalidates it: the safe side.
enum RedisScripts {
    /// The generations of tags (all keys), made where there are none.
    ///
    /// Arguments: how long they must remain at least, in milliseconds; then a new generation for each.
    static let fence = RedisScript(
        """
        local generations = {}
        for i = 1, #KEYS do
            local generation = redis.call('GET', KEYS[i])
            if not generation then
                generation = ARGV[i + 1]
                redis.call('SET', KEYS[i], generation, 'PX', ARGV[1])
            elseif redis.call('PTTL', KEYS[i]) < tonumber(ARGV[1]) then
                redis.call('PEXPIRE', KEYS[i], ARGV[1])
            end
            generations[i] = generation
        end
        return generations
        """)

    /// Whether tags (all keys) still have the generations given; if so they remain as long as the value will.
    ///
    /// Arguments: how long, in milliseconds; then each generation.
    static let confirm = RedisScript(
        """
        for i = 1, #KEYS do
            if redis.call('GET', KEYS[i]) ~= ARGV[i + 1] then return 0 end
        end
        for i = 1, #KEYS do
            if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
        end
        return 1
        """)

    /// Stores a value (first key) if its tags (other keys) still have their generations.
    ///
    /// Arguments: the bytes; how long they remain and how long tags do, in milliseconds; then each generation.
    static let set = RedisScript(
        """
        local fence = {}
        for i = 2, #KEYS do
            if redis.call('GET', KEYS[i]) ~= ARGV[i + 2] then return 0 end
            fence[#fence + 1] = KEYS[i]
            fence[#fence + 1] = ARGV[i + 2]
        end
        for i = 2, #KEYS do
            if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
        end
        redis.call('HSET', KEYS[1], 'bytes', ARGV[1], 'fence', cmsgpack.pack(fence))
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
        """)

    /// Stores a value (the key) whose tags are on other nodes and have been confirmed there.
    ///
    /// Arguments: the bytes; how long, in milliseconds; then tags and generations, in turn.
    static let store = RedisScript(
        """
        local fence = {}
        for i = 3, #ARGV do fence[i - 2] = ARGV[i] end
        redis.call('HSET', KEYS[1], 'bytes', ARGV[1], 'fence', cmsgpack.pack(fence))
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
        """)

    /// Reads a value (the key) if its tags, which are on the same server, still have their generations.
    static let value = RedisScript(
        """
        local entry = redis.call('HMGET', KEYS[1], 'bytes', 'fence')
        if not entry[1] then return false end
        local fence = cmsgpack.unpack(entry[2])
        for i = 1, #fence, 2 do
            if redis.call('GET', fence[i]) ~= fence[i + 1] then
                redis.call('UNLINK', KEYS[1])
                return false
            end
        end
        return { entry[1], redis.call('PTTL', KEYS[1]) }
        """)

    /// Reads a value (the key) with its tags and generations, which are to be compared on their nodes.
    static let entry = RedisScript(
        """
        local entry = redis.call('HMGET', KEYS[1], 'bytes', 'fence')
        if not entry[1] then return false end
        return { entry[1], redis.call('PTTL', KEYS[1]), cmsgpack.unpack(entry[2]) }
        """)

    /// Gives a lease (the key) back if it is still the holder's, whose number is the argument.
    static let release = RedisScript(
        """
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('UNLINK', KEYS[1])
        """)

    /// What an account (the key) owes by now, by the server's time, in the account's units.
    ///
    /// A server whose clock is set back forgives nothing and refills nothing for that once.
    private static let owed: StaticString = """
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local interval, burst, amount, units = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
        local known = redis.call('HMGET', KEYS[1], 'at', 'debt')
        local debt = 0
        if known[1] then
            local passed = math.max(0, now - tonumber(known[1]))
            debt = math.max(0, tonumber(known[2]) - passed * units)
        end
        local function keep()
            redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now), 'debt', string.format('%.0f', debt))
            redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(debt / units / 1000) + 1))
        end

        """

    /// Takes up to an amount of tokens from an account (the key), by the generic cell rate algorithm.
    ///
    /// Arguments: the units in which a token comes back, the burst, the amount, and units in a microsecond. Returns the
    /// tokens, and without any the microseconds until there is one.
    static let take = RedisScript(
        """
        local full = interval * burst
        local taken = math.min(amount, math.max(0, math.floor((full - debt) / interval)))
        if taken == 0 then
            if amount == 0 then return { 0, 0 } end
            return { 0, math.ceil((debt + interval - full) / units) }
        end
        debt = debt + interval * taken
        keep()
        return { taken, 0 }
        """, after: owed)

    /// Gives an amount of tokens back to an account (the key); arguments as of ``take``.
    static let giveBack = RedisScript(
        """
        if not known[1] then return 0 end
        debt = math.max(0, debt - interval * amount)
        if debt == 0 then redis.call('UNLINK', KEYS[1]) else keep() end
        return 1
        """, after: owed)
}
