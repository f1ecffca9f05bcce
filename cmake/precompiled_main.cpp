// Something to compile in a target that only makes a precompiled header.
int main()
{
    return 0;
}
