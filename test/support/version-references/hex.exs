# Pairs of versions, one a line, by Elixir's Version.
:stdio
|> IO.binread(:eof)
|> String.split("\n", trim: true)
|> Enum.map(fn line ->
  [a, b] = String.split(line, "\t")

  with {:ok, x} <- Version.parse(a), {:ok, y} <- Version.parse(b) do
    case Version.compare(x, y) do
      :lt -> "<\n"
      :eq -> "=\n"
      :gt -> ">\n"
    end
  else
    :error -> "?\n"
  end
end)
|> IO.binwrite()
