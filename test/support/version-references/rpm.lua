-- Pairs of versions, one a line, by the rpm that runs this.
local names = { [-1] = '<', [0] = '=', [1] = '>' }
for line in io.lines() do
  local a, b = line:match('^(.-)\t(.*)$')
  local x, y = rpm.ver(a), rpm.ver(b)
  io.write(names[x < y and -1 or x == y and 0 or 1] .. '\n')
end
