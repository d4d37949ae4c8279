# A Sidekiq job that does nothing, and, as a program, the client: pushes COUNT in bulk and waits until they are done.
require "sidekiq"
require "redis"

address = ENV.fetch("BENCH_REDIS")
Sidekiq.configure_client { |config| config.redis = {url: address, size: 2} }
Sidekiq.configure_server { |config| config.redis = {url: address, size: 40} }
Sidekiq.logger.level = Logger::ERROR

class Noop
  include Sidekiq::Worker
  sidekiq_options queue: "bench", retry: false

  def perform; end
end

if $PROGRAM_NAME == __FILE__
  count = Integer(ARGV[0])
  store = Redis.new(url: address)
  drained = -> { store.llen("queue:bench").zero? }
  Sidekiq::Client.push_bulk("class" => Noop, "args" => [[]] * 200)
  sleep 0.05 until drained.call
  sleep 0.5
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  (count / 1000).times { Sidekiq::Client.push_bulk("class" => Noop, "args" => [[]] * 1000) }
  sleep 0.005 until drained.call
  puts count / (Process.clock_gettime(Process::CLOCK_MONOTONIC) - start)
end
