System.Console.WriteLine("asr-appliance");
