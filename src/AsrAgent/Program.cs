System.Console.WriteLine("asr-agent");
