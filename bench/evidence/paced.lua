-- One request in five is for the page, the others for work of 50 ms: each connection is always waiting for an answer, and
-- sends at most some twenty requests a second. A pause on wrk's side would leave connections idle, and wrk counts one that
-- the server rightly closes meanwhile as an error.
local sent = 0

request = function()
  sent = sent + 1
  return wrk.format("GET", sent % 5 == 0 and "/" or "/work?seconds=0.05")
end

done = function(summary)
  local lost = summary.errors
  io.write(string.format(
    'counted {"requests": %d, "seconds": %.3f, "connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
    summary.requests, summary.duration / 1e6, lost.connect, lost.read, lost.write, lost.timeout, lost.status))
end
